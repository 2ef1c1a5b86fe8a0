using Flextron.Data;
using Flextron.Elastic;
using Flextron.Evaluation;
using Flextron.Evaluation.Tasks;
using Flextron.Models;
using Flextron.Tokenization;

namespace Flextron.Tests.Evaluation;

/// <summary>Results of the embedded model: identity, cache, files, paired comparison.</summary>
public class ResultTests
{
    private static readonly EvaluationSettings Some = new() { Limit = 40, DataPath = EmbeddedData.TinyWorld };

    private static (PreparedTask Prepared, ElasticFamily Family, string Hash) Load(string task = "tinyworld-piqa", EvaluationSettings? settings = null)
    {
        ElasticFamily family = ElasticFamily.Load(EmbeddedData.BaseModel);
        return (Evaluator.Prepare(TaskRegistry.Get(task), TokenizerLoader.Load(EmbeddedData.BaseModel), settings ?? Some), family, ResultIdentity.HashOf(family.Model));
    }

    [Fact]
    public void TheCacheGivesBackWhatItKeptAndNothingElse()
    {
        using TemporaryFolder folder = TestData.Temporary();
        (PreparedTask prepared, ElasticFamily family, string hash) = Load();
        using ElasticFamily owned = family;
        var cache = new ResultCache(folder.Path);
        SubNetwork[] networks = [family.Model.FullNetwork, family.Space.Smallest];
        TaskResult[] first = [.. Evaluator.ScoreAll(prepared, family.Model, hash, networks, cache: cache)];
        Assert.Equal(2, Directory.GetFiles(folder.Path).Length);

        var asked = new CountingProgress();
        TaskResult[] second = [.. Evaluator.ScoreAll(prepared, family.Model, hash, networks, asked, cache)];
        Assert.Equal(0, asked.Reports);
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(first[i].Metrics, second[i].Metrics);
            Assert.Equal(first[i].Intervals, second[i].Intervals);
            Assert.Equal(first[i].LogprobSum, second[i].LogprobSum);
            Assert.Equal(first[i].Documents.Select(d => d.TargetNll), second[i].Documents.Select(d => d.TargetNll));
        }

        // A damaged file is computed anew.
        foreach (string file in Directory.GetFiles(folder.Path)) File.WriteAllText(file, File.ReadAllText(file)[..100]);
        Assert.Equal(first[0].LogprobSum, Evaluator.ScoreAll(prepared, family.Model, hash, networks, asked, cache)[0].LogprobSum);
        Assert.True(asked.Reports > 0);
        Assert.NotNull(cache.Find(first[1].Identity!));

        // What is computed afresh is kept in place of what was there.
        foreach (string file in Directory.GetFiles(folder.Path)) File.Delete(file);
        cache.Store(first[0] with { LogprobSum = 7 });
        Assert.Equal(first[0].LogprobSum, Evaluator.ScoreAll(prepared, family.Model, hash, networks, cache: cache, fresh: true)[0].LogprobSum);
        Assert.Equal(first[0].LogprobSum, cache.Find(first[0].Identity!)!.LogprobSum);
    }

    [Fact]
    public void ACacheThatCannotBeWrittenCostsNoResult()
    {
        using TemporaryFolder folder = TestData.Temporary();
        (PreparedTask prepared, ElasticFamily family, string hash) = Load();
        using ElasticFamily owned = family;
        // A file where the folder should be: nobody can write below it, whatever their rights.
        File.WriteAllText(folder["cache"], "");
        var cache = new ResultCache(folder["cache"]);
        TaskResult result = Evaluator.ScoreAll(prepared, family.Model, hash, [family.Space.Smallest], cache: cache)[0];
        Assert.Equal(40, result.Docs);
        Assert.Throws<FlextronException>(() => cache.Store(result));
    }

    [Fact]
    public void ChoicesAndSubjectsAreInTheHashOfTheData()
    {
        EvaluationDocument document = new(0, [new("q", " A"), new("q", " B")], ["A", "B"], 1, "law");
        EvaluationDocument[] documents = [document, document with { Gold = 0 }, document with { Choices = ["A", "BB"] }, document with { Subject = "art" }];
        Assert.Equal(4, documents.Select(d => PromptHash.OfData("p", [d], [])).Distinct().Count());
        Assert.Equal(PromptHash.OfData("p", [document], []), PromptHash.OfData("p", [document with { }], []));
    }

    [Fact]
    public void EverythingThatMattersChangesTheKey()
    {
        (PreparedTask prepared, ElasticFamily family, string hash) = Load();
        using ElasticFamily owned = family;
        ResultIdentity identity = ResultIdentity.Of(prepared, family.Model, hash, family.Model.FullNetwork);
        ResultIdentity[] others =
        [
            identity with { Scorer = identity.Scorer + 1 }, identity with { Task = "x" }, identity with { TaskVersion = "x" }, identity with { Shots = 1 }, identity with { Limit = null },
            identity with { Seed = 2 }, identity with { BootstrapSamples = 3 }, identity with { PromptHash = "x" }, identity with { DataHash = "x" }, identity with { ModelHash = "x" },
            identity with { Network = "x" }, identity with { Dtype = "x" }, identity with { Device = "x" }, identity with { MaxLength = 1 },
        ];
        Assert.Equal(typeof(ResultIdentity).GetProperties().Length, others.Length);
        Assert.Equal(others.Length + 1, others.Append(identity).Select(i => i.Key()).Distinct().Count());
        Assert.Equal(identity.Key(), (identity with { }).Key());

        (PreparedTask reread, ElasticFamily again, string sameHash) = Load();
        using (again)
        {
            Assert.Equal(identity, ResultIdentity.Of(reread, again.Model, sameHash, again.Model.FullNetwork));
            using var _ = TorchSharp.torch.no_grad();
            again.Model.Weights.Blocks[3].Down_DC[0, 0] = 0.25f;
            Assert.NotEqual(hash, ResultIdentity.HashOf(again.Model));
        }
    }

    [Fact]
    public void FilesAreReadBackWithTheirDocumentsAndComparedInPairs()
    {
        using TemporaryFolder folder = TestData.Temporary();
        (PreparedTask prepared, ElasticFamily family, string hash) = Load();
        using ElasticFamily owned = family;
        IReadOnlyList<TaskResult> scored = Evaluator.ScoreAll(prepared, family.Model, hash, [family.Model.FullNetwork, family.Space.Smallest]);
        EvaluationFile.Write(folder["scores.json"], [new BudgetResult("1.0", scored[0]), new BudgetResult("0.1", scored[1])]);
        IReadOnlyList<BudgetResult> read = EvaluationFile.Read(folder["scores.json"]);
        Assert.Equal(["1.0", "0.1"], read.Select(r => r.Budget));
        Assert.Equal(scored[1].Identity, read[1].Result.Identity);
        Assert.Equal(scored[1].Metrics, read[1].Result.Metrics);

        IReadOnlyList<MetricDifference> differences = ResultComparison.Compare(read[0].Result, read[1].Result);
        Assert.Equal(["acc", "acc_norm", "acc_bytes", "margin", "margin_norm", "target_nll"], differences.Select(d => d.Metric));
        MetricDifference nll = differences[^1];
        double[] pairs = [.. scored[0].Documents.Zip(scored[1].Documents, (a, b) => b.TargetNll - a.TargetNll)];
        double mean = pairs.Average(), error = Math.Sqrt(pairs.Sum(p => (p - mean) * (p - mean)) / (pairs.Length - 1) / pairs.Length);
        Assert.Equal(mean, nll.Difference, 1e-9);
        // The bootstrap of a mean of paired differences has the closed form sd/√n.
        Assert.InRange(nll.StandardError, 0.9 * error, 1.1 * error);
        Assert.InRange(nll.Interval.Low, mean - 2.5 * error, mean - 1.5 * error);
        Assert.InRange(nll.Interval.High, mean + 1.5 * error, mean + 2.5 * error);
        Assert.Equal(differences, ResultComparison.Compare(read[0].Result, read[1].Result));

        MetricDifference same = ResultComparison.Compare(scored[0], scored[0])[0];
        Assert.Equal((0, 0, new ConfidenceInterval(0, 0), false), (same.Difference, same.StandardError, same.Interval, same.Distinct));
        var other = Assert.Throws<FlextronException>(() => ResultComparison.Compare(scored[0], scored[1] with { PromptHash = "other" }));
        Assert.Contains("different prompts", other.Message, StringComparison.Ordinal);
        TaskResult regraded = scored[1] with { Documents = [.. scored[1].Documents.Select(d => d.Index == 3 ? d with { Gold = 1 - d.Gold } : d)] };
        Assert.Contains("right answers", Assert.Throws<FlextronException>(() => ResultComparison.Compare(scored[0], regraded)).Message, StringComparison.Ordinal);

        // Only .json is an extension: these two have their documents apart.
        EvaluationFile.Write(folder["run.1"], [new BudgetResult("b", scored[0])]);
        EvaluationFile.Write(folder["run.2"], [new BudgetResult("b", scored[1])]);
        Assert.Equal(scored[0].Documents[0].TargetNll, EvaluationFile.Read(folder["run.1"])[0].Result.Documents[0].TargetNll);
        File.Copy(folder["run.2.documents.jsonl"], folder["run.1.documents.jsonl"], overwrite: true);
        Assert.Contains("documents beside it are of another evaluation", Assert.Throws<FlextronException>(() => EvaluationFile.Read(folder["run.1"])).Message, StringComparison.Ordinal);
        File.Delete(folder["scores.documents.jsonl"]);
        Assert.Contains("keep the two files together", Assert.Throws<FlextronException>(() => EvaluationFile.Read(folder["scores.json"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MarginsAreWithAndWithoutLength()
    {
        (PreparedTask prepared, ElasticFamily family, string hash) = Load("tinyworld-mmlu");
        using ElasticFamily owned = family;
        TaskResult result = Evaluator.ScoreAll(prepared, family.Model, hash, [family.Model.FullNetwork])[0];
        double margin = 0, perCharacter = 0;
        foreach (DocumentResult document in result.Documents)
        {
            string[] choices = [.. prepared.Documents[document.Index].Choices];
            double[] sums = [.. document.LogProbabilities], normed = [.. sums.Zip(choices, (s, c) => s / c.EnumerateRunes().Count())];
            margin += Enumerable.Range(0, 4).Where(i => i != document.Gold).Min(i => sums[document.Gold] - sums[i]);
            perCharacter += Enumerable.Range(0, 4).Where(i => i != document.Gold).Min(i => normed[document.Gold] - normed[i]);
        }
        Assert.Equal(margin / result.Docs, result.Metrics["margin"], 1e-9);
        Assert.Equal(perCharacter / result.Docs, result.Metrics["margin_norm"], 1e-9);
        double error = result.Stderr["margin"];
        Assert.True(error > 0);
        Assert.Equal(result.Metrics["margin"] + (1.959963984540054 * error), result.Intervals["margin"].High, 1e-9);
    }

    private sealed class CountingProgress : IProgress<Flextron.Progress.StageProgress>
    {
        public int Reports { get; private set; }

        public void Report(Flextron.Progress.StageProgress value) => Reports++;
    }
}
