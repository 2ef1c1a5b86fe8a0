using Flextron.Evaluation;
using Flextron.Evaluation.Scoring;
using Flextron.Evaluation.Tasks;
using Flextron.Tests.Evaluation.Scoring;

namespace Flextron.Tests.Evaluation;

public class WikitextTests
{
    private const string Corpus = " \n = One = \n \n Ann 's 12 @,@ 000 cats , all @-@ black . \n = = Part = = \n ( it ) said \" no \" \n = Two = \n \n Short . \n";

    [Theory]
    [InlineData("Ann 's 12 @,@ 000 @-@ odd 3 @.@ 5 cats , all black .", "Ann's 12,000-odd 3.5 cats, all black .")]
    [InlineData("wait : no ; yes ! why ? so .  end", "wait: no; yes! why? so.  end")]
    [InlineData("( a b ) [ c ] { d } \" e f \" ' g '", "(a b) [c] {d} \"e f\" 'g'")]
    [InlineData("the dogs ' bowl", "the dogs' bowl")]
    [InlineData(" = = = Deep = = = \n next", " === Deep ===\nnext")]
    [InlineData("at 5 ° north N times", "at 5°north 1 times")]
    public void TheSpacesOfTheCorpusAreTakenOutAgain(string page, string text) => Assert.Equal(text, WikitextTask.Detokenize(page));

    [Fact]
    public void APageBeginsAtEachHeadingOfTheFirstLevel()
    {
        string[] pages = [.. WikitextTask.Pages(Corpus.Split('\n'))];
        Assert.Equal(2, pages.Length);
        Assert.StartsWith(" = One = \n", pages[0], StringComparison.Ordinal);
        Assert.EndsWith("said \" no \" ", pages[0], StringComparison.Ordinal);
        Assert.Equal(" = Two = \n \n Short . \n", pages[1]);
        // An empty piece before the first space and one behind the last count, as Python's split has them.
        Assert.Equal(7, WikitextTask.Words(pages[1]));
    }

    [Fact]
    public void PlainTextPagesAndLinesGiveTheSameDocuments()
    {
        using TemporaryFolder folder = TestData.Temporary();
        EvaluationTask task = TaskRegistry.Get("wikitext");
        string raw = folder["wiki.test.raw"], lines = folder["lines.jsonl"], pages = folder["pages.jsonl"];
        File.WriteAllText(raw, Corpus);
        File.WriteAllLines(lines, Corpus.Split('\n').Select(line => System.Text.Json.JsonSerializer.Serialize(new { text = line + "\n" })));
        File.WriteAllLines(pages, WikitextTask.Pages(Corpus.Split('\n')).Select(page => System.Text.Json.JsonSerializer.Serialize(new { page })));
        string[] prompts = [.. new[] { raw, lines, pages }.Select(file => PromptHash.Of(task.ReadDocuments(file)))];
        Assert.Equal(prompts[0], prompts[1]);
        Assert.Equal(prompts[0], prompts[2]);
    }

    [Fact]
    public void ACorpusThatIsNotUtf8IsRefused()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllBytes(folder["wiki.test.raw"], [0xEF, 0xBB, 0xBF, .. " = One = \n \n caf"u8, 0xE9, .. " \n"u8]);
        Assert.Contains("wiki.test.raw, at or after line 3: the text is not UTF-8",
            Assert.Throws<FlextronException>(() => TaskRegistry.Get("wikitext").ReadDocuments(folder["wiki.test.raw"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PerplexitiesCountWordsAndBytesOfThePageAndTokensOfTheText()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["wiki.test.raw"], Corpus);
        var tokenizer = new ToyTokenizer();
        var model = new HashModel(tokenizer.VocabularySize, 16);
        TaskResult result = Evaluator.Evaluate(TaskRegistry.Get("wikitext"), new ContinuationScorer(model), tokenizer, new EvaluationSettings { DataPath = folder["wiki.test.raw"] });

        double nll = 0;
        int words = 0, bytes = 0;
        foreach (string page in WikitextTask.Pages(Corpus.Split('\n')))
        {
            int[] ids = tokenizer.Encode(WikitextTask.Detokenize(page), addSpecialTokens: false);
            for (int start = 0; start < ids.Length; start += 16)
            {
                int[] predicted = [.. ids.Skip(start).Take(16)];
                // Inputs are full: what a window lacks in predicted tokens it has in context.
                int[] context = start == 0 ? [tokenizer.BosId!.Value] : [.. ids.Take(start).TakeLast(17 - predicted.Length)];
                nll -= model.BruteForce(new ContinuationTokens(context, predicted)).LogProbability;
            }
            words += WikitextTask.Words(page);
            bytes += page.Length;
        }
        Assert.Equal(2, result.Docs);
        Assert.Equal(Math.Exp(nll / words), result.Metrics["word_perplexity"], Math.Exp(nll / words) * 1e-5);
        Assert.Equal(Math.Exp(nll / bytes), result.Metrics["byte_perplexity"], 1e-4);
        Assert.Equal(nll / bytes / Math.Log(2), result.Metrics["bits_per_byte"], 1e-5);
        Assert.InRange(result.Metrics["bits_per_byte"], result.Intervals["bits_per_byte"].Low, result.Intervals["bits_per_byte"].High);
        Assert.Equal(-nll, result.LogprobSum, 1e-3);
        Assert.Equal(0, result.Chance);
    }
}
