using Flextron.Evaluation;
using Flextron.Evaluation.Tasks;

namespace Flextron.Tests.Evaluation;

public class PromptTests
{
    private static IReadOnlyList<EvaluationDocument> ReadText(string task, string content, string name = "data.jsonl")
    {
        using TemporaryFolder folder = TestData.Temporary();
        string path = Path.Combine(folder.Path, name);
        File.WriteAllText(path, content);
        return TaskRegistry.Get(task).ReadDocuments(path);
    }

    [Theory]
    [InlineData("lambada_openai", 5153, "521c496efd250b705653e489f1fee7a0aceacda8dd3384fae6999585aa9d3a97")]
    [InlineData("piqa", 3676, "d9b43f1473ab616557fa37d2bd9bd31e08020db41cc054c78640d4e48b2971b1")]
    [InlineData("arc_easy", 9501, "2db763e46f7d2750ba70be7a7eb2097f6daa751da278687a3bae6730193beaf9")]
    public void PromptsOfTheRealBenchmarksHaveTheirPublishedHash(string name, int requests, string hash)
    {
        EvaluationTask task = TaskRegistry.Get(name);
        string path = new DatasetLocator([], TestData.Shared("eval")).Find(task);
        IReadOnlyList<EvaluationDocument> documents = task.ReadDocuments(path);
        Assert.Equal(requests, documents.Sum(document => document.Requests.Count));
        Assert.Equal(hash, PromptHash.Of(documents));
    }

    [Fact]
    public void TheRealMmluHas57SubjectsInFourGroupsAnd14042Questions()
    {
        EvaluationTask task = TaskRegistry.Get("mmlu");
        IReadOnlyList<EvaluationDocument> documents = task.ReadDocuments(TestData.Shared("eval/mmlu"), shots: 5);
        Assert.Equal(14042, documents.Count);
        Assert.Equal(57, documents.Select(document => document.Subject).Distinct().Count());
        // The sizes in Hendrycks et al. are 3,018 stem and 3,242 other; the harness counts anatomy's 135 questions as stem.
        Assert.Equal(
            [("humanities", 4705), ("other", 3107), ("social sciences", 3077), ("stem", 3153)],
            documents.GroupBy(d => MmluGroups.Of(d.Subject!)!).Select(g => (g.Key, g.Count())).Order());
        Assert.All(documents, document => Assert.Equal(6, document.Requests[0].Context.Split("\nAnswer:").Length - 1));
    }

    [Fact]
    public void Lambada()
    {
        var documents = ReadText("lambada_openai", """
            {"text": "He said\n\"go  home"}

            {"text": "alone"}
            """);
        Assert.Equal(new EvaluationRequest("He said\n\"go ", " home"), documents[0].Requests.Single());
        Assert.Equal(new EvaluationRequest("", " alone"), documents[1].Requests.Single());
    }

    [Fact]
    public void HellaSwag()
    {
        var document = ReadText("hellaswag", """
            {"ind": 1, "activity_label": " Baking cookies", "ctx_a": "A woman [title] stirs   it.", "ctx_b": "tHE Élan [step] waits ", "endings": [" puts [substeps] it [x", "b", "c", "[header] Mix [title] it"], "label": "3"}
            """).Single();
        // Outer space goes; " [title]" → ". " makes two spaces, which with the rest are halved once; "[step]" leaves two spaces, halved.
        string context = "Baking cookies: A woman. stirs  it. The élan waits";
        Assert.Equal(
            [new(context, " puts it [x"), new(context, " b"), new(context, " c"), new(context, "  Mix. it")],
            document.Requests);
        Assert.Equal(3, document.Gold);
    }

    [Fact]
    public void Winogrande()
    {
        var documents = ReadText("winogrande", """
            {"sentence": "Ann told Eve that _ was late. ", "option1": "Ann", "option2": "Eve", "answer": "2"}
            {"sentence": "_ won, not the_dog", "option1": "The cat", "option2": "It", "answer": 1}
            """);
        Assert.Equal([new("Ann told Eve that Ann", " was late."), new("Ann told Eve that Eve", " was late.")], documents[0].Requests);
        Assert.Equal(1, documents[0].Gold);
        Assert.Equal([new("The cat", " won, not the_dog"), new("It", " won, not the_dog")], documents[1].Requests);
        Assert.Equal(0, documents[1].Gold);
    }

    [Fact]
    public void TheHashOfWinograndePromptsIsThatOfTheTextsWrittenOutByHand()
    {
        var documents = ReadText("winogrande", """
            {"sentence": "Ann told Eve that _ was late. ", "option1": "Ann", "option2": "Eve", "answer": "2"}
            {"sentence": "_ won, not the_dog", "option1": "The cat", "option2": "Zoë", "answer": 1}
            """);
        // Context, U+001F, continuation, U+001E, request after request.
        byte[] written = [.. "Ann told Eve that Ann"u8, 0x1f, .. " was late."u8, 0x1e, .. "Ann told Eve that Eve"u8, 0x1f, .. " was late."u8, 0x1e,
            .. "The cat"u8, 0x1f, .. " won, not the_dog"u8, 0x1e, .. "Zo"u8, 0xc3, 0xab, 0x1f, .. " won, not the_dog"u8, 0x1e];
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(written)), PromptHash.Of(documents));
    }

    [Fact]
    public void PiqaTakesLabelsBesideTheFileOrInIt()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string path = Path.Combine(folder.Path, "valid.jsonl");
        File.WriteAllText(path, """{"goal": "g", "sol1": "a", "sol2": " b", "label": 0}""");
        EvaluationDocument inside = TaskRegistry.Get("piqa").ReadDocuments(path).Single();
        Assert.Equal([new("Question: g\nAnswer:", " a"), new("Question: g\nAnswer:", "  b")], inside.Requests);
        Assert.Equal(0, inside.Gold);
        File.WriteAllText(Path.Combine(folder.Path, "valid-labels.lst"), "1\n");
        Assert.Equal(1, TaskRegistry.Get("piqa").ReadDocuments(path).Single().Gold);
        File.WriteAllText(Path.Combine(folder.Path, "valid-labels.lst"), "1\n0\n\n");
        Assert.Contains("has more labels than valid.jsonl has documents (1)",
            Assert.Throws<FlextronException>(() => TaskRegistry.Get("piqa").ReadDocuments(path)).Message, StringComparison.Ordinal);
        Assert.Single(TaskRegistry.Get("piqa").ReadDocuments(path, limit: 1));
    }

    [Fact]
    public void ArcFindsTheGoldByItsLabel()
    {
        var document = ReadText("arc_easy", """
            {"id": "x", "question": "Why?", "choices": {"text": ["p", "q", "r"], "label": ["1", "2", "3"]}, "answerKey": "3"}
            """).Single();
        Assert.Equal([new("Question: Why?\nAnswer:", " p"), new("Question: Why?\nAnswer:", " q"), new("Question: Why?\nAnswer:", " r")], document.Requests);
        Assert.Equal(2, document.Gold);
    }

    [Theory]
    [InlineData("lambada_openai", "{\"text\": \"a b\"}\n{\"text\": 3}", "line 2: field 'text' is not text")]
    [InlineData("lambada_openai", "{\"text\": \"a b\"}\n\n{\"text\": ", "line 3: it is not valid JSON")]
    [InlineData("lambada_openai", "[1]", "line 1: it is not a JSON object")]
    [InlineData("lambada_openai", "{\"text\": \"\\ud800\"}", "line 1: field 'text' is not valid Unicode")]
    [InlineData("piqa", "{\"goal\": \"g\", \"sol1\": \"a\", \"sol2\": \"b\"}", "line 1: there is no field 'label'")]
    [InlineData("arc_easy", "{\"question\": \"q\", \"choices\": {\"text\": [\"a\", \"b\"], \"label\": [\"A\", \"B\"]}, \"answerKey\": \"C\"}", "line 1: answerKey 'C' is not among the labels A, B")]
    [InlineData("winogrande", "{\"sentence\": \"no blank\"}", "line 1: the sentence has no blank '_'")]
    [InlineData("hellaswag", "{\"activity_label\": \"l\", \"ctx_a\": \"a\", \"ctx_b\": \"b\", \"endings\": [\"x\", \"y\"], \"label\": \"\"}", "line 1: label '' is not one of 0 to 1")]
    public void AMalformedLineIsNamedByFileAndLine(string task, string content, string expected)
    {
        var error = Assert.Throws<FlextronException>(() => ReadText(task, content, "bad.jsonl"));
        Assert.Contains("bad.jsonl, " + expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatIsNotUtf8IsRefused()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string path = Path.Combine(folder.Path, "latin.jsonl");
        File.WriteAllBytes(path, [.. "{\"text\": \"caf"u8, 0xE9, .. " x\"}"u8]);
        var error = Assert.Throws<FlextronException>(() => TaskRegistry.Get("lambada_openai").ReadDocuments(path));
        Assert.Contains("not UTF-8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LimitTakesTheFirstDocumentsAndTheHashFollows()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string path = Path.Combine(folder.Path, "lambada.jsonl");
        File.WriteAllText(path, "{\"text\": \"a b\"}\n{\"text\": \"c d\"}\n{\"text\": \"e f\"}\n");
        EvaluationTask task = TaskRegistry.Get("tinyworld-lambada");
        IReadOnlyList<EvaluationDocument> two = task.ReadDocuments(path, limit: 2);
        Assert.Equal(["a", "c"], two.Select(document => document.Requests[0].Context));
        // printf 'a\x1f b\x1ec\x1f d\x1e' | sha256sum
        Assert.Equal("8f3e0d3f5de0bb40c41fa86d68003504560f5261323f40a4f971cad1c9ef1d06", PromptHash.Of(two));
        Assert.Throws<FlextronException>(() => task.ReadDocuments(path, limit: 0));
        Assert.Throws<FlextronException>(() => task.ReadDocuments(path, shots: 1));
    }
}
