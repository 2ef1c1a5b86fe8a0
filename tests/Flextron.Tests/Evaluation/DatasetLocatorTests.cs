using Flextron.Evaluation;

namespace Flextron.Tests.Evaluation;

public class DatasetLocatorTests
{
    private static string Put(TemporaryFolder folder, string relative)
    {
        string path = Path.Combine(folder.Path, relative);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "x");
        return path;
    }

    [Fact]
    public void SearchesTheVariableThenTheRepositoryThenBesideIt()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string start = Path.Combine(folder.Path, "repository", "bin", "Release");
        Directory.CreateDirectory(start);
        EvaluationTask piqa = TaskRegistry.Get("piqa");
        string beside = Put(folder, "shared/data/eval/piqa/valid.jsonl");
        Assert.Equal(beside, new DatasetLocator([start], null).Find(piqa));
        string own = Put(folder, "repository/data/piqa/valid.jsonl");
        Assert.Equal(own, new DatasetLocator([start], null).Find(piqa));
        string variable = Put(folder, "elsewhere/eval/piqa/valid.jsonl");
        Assert.Equal(variable, new DatasetLocator([start], Path.Combine(folder.Path, "elsewhere")).Find(piqa));
        Assert.Equal(beside, new DatasetLocator([start], null).Find(piqa, Path.Combine(folder.Path, "shared", "data")));
        Assert.Equal(beside, new DatasetLocator([start], null).Find(piqa, beside));
        Assert.Equal(beside, new DatasetLocator([start], null).Find(piqa, Path.GetDirectoryName(beside)));
    }

    [Fact]
    public void AnExplicitPathMayBeTheDatasetsOwnFolder()
    {
        using TemporaryFolder folder = TestData.Temporary();
        var locator = new DatasetLocator([], null);
        string arc = Put(folder, "arc_easy/test.jsonl");
        Assert.Equal(arc, locator.Find(TaskRegistry.Get("arc_easy"), Path.GetDirectoryName(arc) + "/"));
        Assert.Throws<FlextronException>(() => locator.Find(TaskRegistry.Get("piqa"), Path.GetDirectoryName(arc)));
        Put(folder, "hendrycks/test/anatomy_test.csv");
        Assert.Equal(folder["hendrycks"], locator.Find(TaskRegistry.Get("mmlu"), folder["hendrycks"]));
        Put(folder, "tinyworld/mmlu/test/colours_test.csv");
        Assert.Equal(folder["tinyworld/mmlu"], locator.Find(TaskRegistry.Get("tinyworld-mmlu"), folder["tinyworld/mmlu"]));
        Assert.Throws<FlextronException>(() => locator.Find(TaskRegistry.Get("mmlu"), folder["tinyworld/mmlu"]));
    }

    [Fact]
    public void GeneratedDataAndBenchmarksAreNeverMistakenForEachOther()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string generated = Put(folder, "data/tinyworld/piqa/valid.jsonl");
        string lambada = Put(folder, "data/tinyworld/lambada.jsonl");
        Put(folder, "data/tinyworld/mmlu/test/colours_test.csv");
        var locator = new DatasetLocator([folder.Path], null);
        Assert.Equal(generated, locator.Find(TaskRegistry.Get("tinyworld-piqa")));
        Assert.Equal(lambada, locator.Find(TaskRegistry.Get("tinyworld-lambada"), Path.Combine(folder.Path, "data", "tinyworld")));
        Assert.Equal(Path.Combine(folder.Path, "data", "tinyworld", "mmlu"), locator.Find(TaskRegistry.Get("tinyworld-mmlu")));
        Assert.Throws<FlextronException>(() => locator.Find(TaskRegistry.Get("piqa")));
        Assert.Throws<FlextronException>(() => locator.Find(TaskRegistry.Get("piqa"), Path.Combine(folder.Path, "data", "tinyworld")));
        Put(folder, "real/piqa/valid.jsonl");
        Assert.Throws<FlextronException>(() => locator.Find(TaskRegistry.Get("tinyworld-piqa"), Path.Combine(folder.Path, "real")));
    }

    [Fact]
    public void AbsentDataAreExplainedInOneSentence()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string message = Assert.Throws<FlextronException>(() => new DatasetLocator([folder.Path], null).Find(TaskRegistry.Get("hellaswag"))).Message;
        Assert.Contains(folder.Path, message, StringComparison.Ordinal);
        Assert.Contains("hellaswag/validation.jsonl", message, StringComparison.Ordinal);
        Assert.Contains("FLEXTRON_DATA", message, StringComparison.Ordinal);
        Assert.Contains("--data", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        string unknown = Assert.Throws<FlextronException>(() => TaskRegistry.Get("boolq")).Message;
        Assert.All(TaskRegistry.Names, name => Assert.Contains(name, unknown, StringComparison.Ordinal));
    }
}
