using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Evaluation;
using Flextron.Evaluation.Tasks;
using Parquet.Serialization;

namespace Flextron.Tests.Evaluation;

/// <summary>A benchmark gives the same documents whichever of its published forms it is read from.</summary>
public sealed class DatasetFormatTests
{
    private static readonly string[] Letters = ["A", "B", "C", "D"];

    [Fact]
    public async Task ArcFromTheHubsParquetHasThePublishedHash()
    {
        JsonNode[] lines = [.. File.ReadLines(TestData.Shared("eval/arc_easy/test.jsonl")).Select(l => JsonNode.Parse(l)!)];
        using TemporaryFolder folder = TestData.Temporary();
        Directory.CreateDirectory(folder["ARC-Easy"]);
        string[] Texts(JsonNode line, string field) => line["choices"]![field].Deserialize<string[]>()!;
        await ParquetSerializer.SerializeAsync(
            lines.Select(l => new ArcRow { question = (string)l["question"]!, answerKey = (string)l["answerKey"]!, choices = new ArcChoices { text = [.. Texts(l, "text")], label = [.. Texts(l, "label")] } }),
            folder["ARC-Easy/test-00000-of-00001.parquet"], cancellationToken: TestContext.Current.CancellationToken);

        EvaluationTask task = TaskRegistry.Get("arc_easy");
        string path = new DatasetLocator([], folder.Path).Find(task);
        Assert.EndsWith("test-00000-of-00001.parquet", path, StringComparison.Ordinal);
        Assert.Equal("2db763e46f7d2750ba70be7a7eb2097f6daa751da278687a3bae6730193beaf9", PromptHash.Of(task.ReadDocuments(path)));
    }

    [Fact]
    public async Task MmluIsTheSameFromAFileOfAllSubjectsAndFromAFilePerSubject()
    {
        using TemporaryFolder folder = TestData.Temporary();
        (string Subject, string Question, string[] Choices, int Answer)[] Items(string split, int count) =>
            [.. Enumerable.Range(0, count).SelectMany(i => new[] { "zoology", "anatomy" }.Select(s => (s, $"{split} {s} {i}, which?", Letters.Select(l => $"{l}{i}").ToArray(), (i * 7) % 4)))];
        foreach ((string split, int count) in ((string, int)[])[("test", 4), ("dev", 5)])
        {
            Directory.CreateDirectory(folder[$"csv/mmlu/{split}"]);
            foreach (var subject in Items(split, count).GroupBy(i => i.Subject))
            {
                // Without a header and with letters, as the makers have it.
                File.WriteAllLines(folder[$"csv/mmlu/{split}/{subject.Key}_{split}.csv"], subject.Select(i => $"\"{i.Question}\",{string.Join(',', i.Choices)},{Letters[i.Answer]}"));
            }
            Directory.CreateDirectory(folder["parquet/mmlu/all"]);
            await ParquetSerializer.SerializeAsync(
                Items(split, count).Select(i => new MmluRow { question = i.Question, subject = i.Subject, choices = [.. i.Choices], answer = i.Answer }),
                folder[$"parquet/mmlu/all/{split}-00000-of-00001.parquet"], cancellationToken: TestContext.Current.CancellationToken);
            Directory.CreateDirectory(folder["jsonl/mmlu"]);
            File.WriteAllLines(folder[$"jsonl/mmlu/{split}.jsonl"], Items(split, count).Select(i => JsonSerializer.Serialize(new { question = i.Question, subject = i.Subject, choices = i.Choices, answer = i.Answer })));
        }

        EvaluationTask task = TaskRegistry.Get("mmlu");
        IReadOnlyList<EvaluationDocument> Read(string form, int shots) => task.ReadDocuments(new DatasetLocator([], folder[form]).Find(task), shots);
        foreach (int shots in (int[])[0, 5])
        {
            string hash = PromptHash.Of(Read("csv", shots));
            Assert.Equal(hash, PromptHash.Of(Read("parquet", shots)));
            Assert.Equal(hash, PromptHash.Of(Read("jsonl", shots)));
            Assert.Equal(Read("csv", shots).Select(d => (d.Subject, d.Gold)), Read("parquet", shots).Select(d => (d.Subject, d.Gold)));
        }
        Assert.Equal(8, Read("parquet", 0).Count);
        File.Delete(folder["jsonl/mmlu/dev.jsonl"]);
        Assert.Contains("0 dev examples of anatomy, fewer than 5 shots", Assert.Throws<FlextronException>(() => Read("jsonl", 5)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SingleFilesMayBeCsv()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Directory.CreateDirectory(folder["piqa"]);
        File.WriteAllText(folder["piqa/validation.csv"], "goal,sol1,sol2,label\nopen,\"pull, then push\",push,1\n");
        EvaluationTask task = TaskRegistry.Get("piqa");
        EvaluationDocument document = Assert.Single(task.ReadDocuments(new DatasetLocator([], folder.Path).Find(task)));
        Assert.Equal((1, "pull, then push"), (document.Gold, document.Choices[0]));
    }

#pragma warning disable IDE1006 // The hub's own field names.
    private sealed class ArcRow
    {
        public string question { get; set; } = "";

        public ArcChoices choices { get; set; } = new();

        public string answerKey { get; set; } = "";
    }

    private sealed class ArcChoices
    {
        public List<string> text { get; set; } = [];

        public List<string> label { get; set; } = [];
    }

    private sealed class MmluRow
    {
        public string question { get; set; } = "";

        public string subject { get; set; } = "";

        public List<string> choices { get; set; } = [];

        public long answer { get; set; }
    }
#pragma warning restore IDE1006
}
