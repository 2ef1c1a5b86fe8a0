using System.Text.Json;
using Flextron.Evaluation;
using Flextron.Evaluation.Scoring;
using Flextron.Evaluation.Tasks;
using Flextron.Tests.Evaluation.Scoring;

namespace Flextron.Tests.Evaluation;

public class EvaluatorTests
{
    private static ContinuationScore Score(double logProbability, bool greedy = false) => new(logProbability, greedy, 1);

    private static EvaluationDocument Choice(int index, int gold, params string[] choices) =>
        new(index, [.. choices.Select(choice => new EvaluationRequest("q", " " + choice))], choices, gold);

    private static TaskResult Run(string task, EvaluationDocument[] documents, params ContinuationScore[] scores) =>
        Evaluator.Score(Evaluator.Prepare(TaskRegistry.Get(task), documents, new ToyTokenizer()), new FixedScorer(64, scores));

    [Fact]
    public void AccuraciesNormaliseByCodePointsAndByBytes()
    {
        // 1 code point, 2 UTF-16 units, 4 bytes / 3, 3, 3 / 2, 2, 2.
        EvaluationDocument document = Choice(0, 2, "😀", "abc", "de");
        // Sums: 0 wins. Per code point −3, −1.1, −1.6: 1 wins. Per byte −0.75, −1.1, −1.6: 0 wins. Per UTF-16 unit 1 wins too, at −1.1 against −1.5.
        TaskResult result = Run("piqa", [document, document with { Index = 1, Gold = 1 }, document with { Index = 2, Gold = 0 }],
            [.. Enumerable.Repeat(new[] { Score(-3), Score(-3.3), Score(-3.2) }, 3).SelectMany(s => s)]);
        Assert.Equal([false, false, true], result.Documents.Select(d => d.Correct));
        Assert.Equal([false, true, false], result.Documents.Select(d => d.CorrectNormalized));
        Assert.Equal([false, false, true], result.Documents.Select(d => d.CorrectPerByte));
        Assert.Equal(-0.2, result.Documents[0].Margin!.Value, 12);
        Assert.Equal(0.2, result.Documents[2].Margin!.Value, 12);
        Assert.Equal(-28.5, result.LogprobSum, 12);
        Assert.Equal(1.0 / 3, result.Chance, 12);
    }

    [Fact]
    public void CodePointsAreNotUtf16Units()
    {
        // Per code point −2 (of 2) against −1.5; per UTF-16 unit it would be −1 (of 4) and win.
        TaskResult result = Run("piqa", [Choice(0, 1, "😀😀", "ab")], Score(-4), Score(-3));
        Assert.Equal(1, result.Metrics["acc_norm"]);
    }

    [Fact]
    public void TiesGoToTheLowestIndex()
    {
        TaskResult result = Run("piqa", [Choice(0, 0, "a", "b"), Choice(1, 1, "a", "b")], Score(-1), Score(-1), Score(-1), Score(-1));
        Assert.Equal([0, 0], result.Documents.Select(d => d.Predicted));
        Assert.Equal(0.5, result.Metrics["acc"]);
        Assert.Equal(0.5, result.Metrics["acc_norm"]);
    }

    [Fact]
    public void StandardErrorAndIntervalHaveTheirClosedForms()
    {
        // 8 right of 10: s.e. = √(p(1 − p)/(n − 1)); Wilson's interval for 8/10 is 0.4902 to 0.9433.
        EvaluationDocument[] documents = [.. Enumerable.Range(0, 10).Select(i => Choice(i, i < 8 ? 0 : 1, "a", "b"))];
        TaskResult result = Run("piqa", documents, [.. Enumerable.Range(0, 10).SelectMany(_ => new[] { Score(-1), Score(-2) })]);
        Assert.Equal(0.8, result.Metrics["acc"], 12);
        Assert.Equal(Math.Sqrt(0.8 * 0.2 / 9), result.Stderr["acc"], 12);
        Assert.Equal(0.4902, result.Intervals["acc"].Low, 4);
        Assert.Equal(0.9433, result.Intervals["acc"].High, 4);
        Assert.Equal(0.5, result.Chance);
    }

    [Fact]
    public void LambadaCountsGreedyTargetsAndGivesPerplexityPerDocument()
    {
        EvaluationDocument[] documents = [.. Enumerable.Range(0, 400).Select(i => new EvaluationDocument(i, [new("a b", " c")], ["c"], 0))];
        ContinuationScore[] scores = [.. documents.Select(d => Score(d.Index % 2 == 0 ? -1 : -3, greedy: d.Index % 4 == 0))];
        TaskResult result = Run("lambada_openai", documents, scores);
        Assert.Equal(0.25, result.Metrics["acc"]);
        Assert.Equal(Math.Exp(2), result.Metrics["perplexity"], 10);
        // Delta method: exp(mean) · sd/√n with sd = 1.
        Assert.InRange(result.Stderr["perplexity"], 0.9 * Math.Exp(2) / 20, 1.1 * Math.Exp(2) / 20);
        Assert.InRange(result.Intervals["perplexity"].Low, Math.Exp(2 - 0.12), Math.Exp(2 - 0.08));
        Assert.InRange(result.Intervals["perplexity"].High, Math.Exp(2 + 0.08), Math.Exp(2 + 0.12));
        Assert.Equal(result.Stderr["perplexity"], Run("lambada_openai", documents, scores).Stderr["perplexity"]);
        Assert.Equal(3, result.Documents[1].TargetNll);
        Assert.Null(result.Documents[1].Margin);
        Assert.Equal(0, result.Chance);
    }

    [Fact]
    public void AWholeTaskEqualsScoringByHand()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string path = Path.Combine(folder.Path, "valid.jsonl");
        File.WriteAllLines(path, Enumerable.Range(0, 12).Select(i => $$"""{"goal": "g{{i}}", "sol1": "x{{i * 7 % 5}}", "sol2": "yy{{i}}", "label": {{i % 2}}}"""));
        var tokenizer = new ToyTokenizer();
        var model = new HashModel(tokenizer.VocabularySize, 12);
        TaskResult result = Evaluator.Evaluate(
            TaskRegistry.Get("piqa"), new ContinuationScorer(model), tokenizer, new EvaluationSettings { DataPath = path, Limit = 10 });

        double sum = 0;
        int right = 0;
        for (int i = 0; i < 10; i++)
        {
            int[] context = tokenizer.Encode($"Question: g{i}\nAnswer:");
            double first = model.BruteForce(new(context, tokenizer.Encode($" x{i * 7 % 5}", false))).LogProbability;
            double second = model.BruteForce(new(context, tokenizer.Encode($" yy{i}", false))).LogProbability;
            sum += first + second;
            if ((second > first ? 1 : 0) == i % 2) right++;
        }
        Assert.Equal(10, result.Docs);
        Assert.Equal(sum, result.LogprobSum, 1e-3);
        Assert.Equal(right / 10.0, result.Metrics["acc"], 12);
        Assert.Equal(10, result.TruncatedContexts);
        Assert.Equal(0, result.TruncatedContinuations);
        Assert.Equal(0, result.BoundaryFallbacks);
    }

    [Fact]
    public void BoundaryFallbacksAreCountedByDocument()
    {
        var tokenizer = new ToyTokenizer(pieces: [" ab"]);
        EvaluationDocument merged = new(0, [new("x a", "b"), new("x a", "bb")], ["b", "bb"], 0);
        PreparedTask prepared = Evaluator.Prepare(TaskRegistry.Get("winogrande"), [merged, Choice(1, 0, "c", "d")], tokenizer);
        Assert.Equal(1, prepared.BoundaryFallbacks);
        var missing = Assert.Throws<FlextronException>(() =>
            Evaluator.Prepare(TaskRegistry.Get("winogrande"), [new(0, [new("", " a")], ["a"], 0)], new ToyTokenizer(false, false, false)));
        Assert.Contains("neither a BOS nor an EOS", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SamplesAreOneLinePerDocument()
    {
        using TemporaryFolder folder = TestData.Temporary();
        EvaluationDocument[] documents = [Choice(0, 0, "a", "b"), Choice(1, 0, "a", "b")];
        TaskResult result = Run("piqa", documents, Score(-1), Score(-2), Score(-4), Score(-2));
        string path = Path.Combine(folder.Path, "samples.jsonl");
        SampleWriter.Write(path, result, documents);
        string[] lines = File.ReadAllLines(path);
        Assert.Equal(2, lines.Length);
        JsonElement second = JsonDocument.Parse(lines[1]).RootElement;
        Assert.Equal("piqa", second.GetProperty("task").GetString());
        Assert.Equal(-2, second.GetProperty("outcome").GetProperty("margin").GetDouble());
        Assert.Equal(" b", second.GetProperty("requests")[1].GetProperty("continuation").GetString());
    }
}
