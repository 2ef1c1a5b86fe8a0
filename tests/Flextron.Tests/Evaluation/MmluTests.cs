using Flextron.Evaluation;
using Flextron.Evaluation.Scoring;
using Flextron.Evaluation.Tasks;
using Flextron.Tests.Evaluation.Scoring;

namespace Flextron.Tests.Evaluation;

public class MmluTests
{
    private static TemporaryFolder Folder()
    {
        TemporaryFolder folder = TestData.Temporary();
        Directory.CreateDirectory(Path.Combine(folder.Path, "test"));
        Directory.CreateDirectory(Path.Combine(folder.Path, "dev"));
        File.WriteAllText(Path.Combine(folder.Path, "test", "world_religions_test.csv"), "question,choice0,choice1,choice2,choice3,answer\n Who?,a,\"b, c\",d,e,3\n");
        File.WriteAllText(Path.Combine(folder.Path, "dev", "world_religions_dev.csv"), "Why?,1,2,3,4,B\nHow?,5,6,7,8,0\n");
        File.WriteAllText(Path.Combine(folder.Path, "test", "anatomy_test.csv"), "\"What\nis \"\"it\"\"?\",1,2,3,4,C\r\n");
        File.WriteAllText(Path.Combine(folder.Path, "dev", "anatomy_dev.csv"), "Q,1,2,3,4,D\nR,1,2,3,4,D\n");
        return folder;
    }

    [Fact]
    public void TheZeroShotPromptIsExact()
    {
        using TemporaryFolder folder = Folder();
        IReadOnlyList<EvaluationDocument> documents = TaskRegistry.Get("mmlu").ReadDocuments(folder.Path);
        Assert.Equal(["anatomy", "world_religions"], documents.Select(document => document.Subject));
        Assert.Equal(
            "The following are multiple choice questions (with answers) about anatomy.\n\nWhat\nis \"it\"?\nA. 1\nB. 2\nC. 3\nD. 4\nAnswer:",
            documents[0].Requests[0].Context);
        Assert.Equal([" A", " B", " C", " D"], documents[0].Requests.Select(request => request.Continuation));
        Assert.Equal([2, 3], documents.Select(document => document.Gold));
    }

    [Fact]
    public void ShotsComeFromDevInOrder()
    {
        using TemporaryFolder folder = Folder();
        EvaluationDocument document = TaskRegistry.Get("mmlu").ReadDocuments(folder.Path, shots: 2)[1];
        Assert.Equal(
            "The following are multiple choice questions (with answers) about world religions.\n\n" +
            "Why?\nA. 1\nB. 2\nC. 3\nD. 4\nAnswer: B\n\n" +
            "How?\nA. 5\nB. 6\nC. 7\nD. 8\nAnswer: A\n\n" +
            "Who?\nA. a\nB. b, c\nC. d\nD. e\nAnswer:",
            document.Requests[3].Context);
        Assert.Throws<FlextronException>(() => TaskRegistry.Get("mmlu").ReadDocuments(folder.Path, shots: 6));
        Assert.Contains("has 2 dev examples of world_religions",
            Assert.Throws<FlextronException>(() =>
            {
                File.WriteAllText(Path.Combine(folder.Path, "dev", "anatomy_dev.csv"), string.Concat(Enumerable.Repeat("Q,1,2,3,4,D\n", 5)));
                return TaskRegistry.Get("mmlu").ReadDocuments(folder.Path, shots: 3);
            }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ABadRowIsNamedByItsFirstLine()
    {
        using TemporaryFolder folder = Folder();
        string path = Path.Combine(folder.Path, "test", "anatomy_test.csv");
        File.WriteAllText(path, "\"two\nlines\",1,2,3,4,A\nQ,1,2,3,4,E\n");
        Assert.Contains("anatomy_test.csv, line 3: the answer is 'E'",
            Assert.Throws<FlextronException>(() => TaskRegistry.Get("mmlu").ReadDocuments(folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(path, "Q,1,2,3,A\n");
        Assert.Contains("line 1: a row has 5 fields",
            Assert.Throws<FlextronException>(() => TaskRegistry.Get("mmlu").ReadDocuments(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GroupsWeighQuestionsNotSubjects()
    {
        EvaluationDocument Document(int index, string subject) => new(index, [new("q", " A"), new("q", " B")], ["A", "B"], 0, subject);
        EvaluationDocument[] documents = [Document(0, "anatomy"), Document(1, "virology"), Document(2, "virology"), Document(3, "virology"), Document(4, "marketing")];
        // Right: anatomy, one virology, marketing.
        ContinuationScore Right() => new(-1, false, 1);
        ContinuationScore Wrong() => new(-2, false, 1);
        var scorer = new FixedScorer(8, Right(), Wrong(), Right(), Wrong(), Wrong(), Right(), Wrong(), Right(), Right(), Wrong());
        TaskResult result = Evaluator.Score(Evaluator.Prepare(TaskRegistry.Get("mmlu"), documents, new ToyTokenizer()), scorer);
        Assert.Equal(0.6, result.Metrics["acc"], 12);
        Assert.Equal([("stem", 1, 1.0), ("other", 4, 0.5)], result.Groups.Select(group => (group.Name, group.Docs, group.Accuracy)));
        Assert.Equal(["anatomy", "virology", "marketing"], result.Subjects.Select(subject => subject.Name));
        Assert.Equal(1.0 / 3, result.Subjects[1].Accuracy, 12);
        Assert.DoesNotContain("acc_norm", result.Metrics.Keys);
    }
}
