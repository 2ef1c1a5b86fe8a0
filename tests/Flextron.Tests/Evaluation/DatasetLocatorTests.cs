using Flextron.Data.TinyWorld;
using Flextron.Evaluation;
using Flextron.Evaluation.Tasks;

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
        Put(folder, "tinyworld/tinyworld-mmlu/test/colours_test.csv");
        Assert.Equal(folder["tinyworld/tinyworld-mmlu"], locator.Find(TaskRegistry.Get("tinyworld-mmlu"), folder["tinyworld/tinyworld-mmlu"]));
        Assert.Throws<FlextronException>(() => locator.Find(TaskRegistry.Get("mmlu"), folder["tinyworld/tinyworld-mmlu"]));
        Assert.Throws<FlextronException>(() => locator.Find(TaskRegistry.Get("tinyworld-mmlu"), folder["hendrycks"]));
        Assert.Throws<FlextronException>(() => locator.Find(TaskRegistry.Get("mmlu"), arc));
    }

    [Fact]
    public void TheGeneratedDataAreFoundReadAndNeverTakenForTheBenchmarks()
    {
        using TemporaryFolder folder = TestData.Temporary();
        TinyWorldManifest manifest = TinyWorldWriter.Write(folder["data/tinyworld"], seed: 1);
        var locator = new DatasetLocator([folder.Path], null);
        int Count(string task) => TaskRegistry.Get(task).ReadDocuments(locator.Find(TaskRegistry.Get(task))).Count;
        Assert.Equal(manifest.Counts["tinyworld-lambada/lambada_test.jsonl"], Count("tinyworld-lambada"));
        Assert.Equal(manifest.Counts["tinyworld-piqa/valid.jsonl"], Count("tinyworld-piqa"));
        Assert.Equal(manifest.Counts.Where(c => c.Key.EndsWith("_test.csv", StringComparison.Ordinal)).Sum(c => c.Value), Count("tinyworld-mmlu"));
        foreach (string name in (string[])["piqa", "lambada_openai", "mmlu"])
        {
            EvaluationTask task = TaskRegistry.Get(name);
            Assert.Throws<FlextronException>(() => locator.Find(task));
            Assert.Throws<FlextronException>(() => locator.Find(task, folder["data/tinyworld"]));
        }
        Assert.Contains("evaluate it as tinyworld-piqa",
            Assert.Throws<FlextronException>(() => locator.Find(TaskRegistry.Get("piqa"), folder["data/tinyworld/tinyworld-piqa/valid.jsonl"])).Message,
            StringComparison.Ordinal);
        // Where no generated task is of the same kind, all are named, and only such as there are.
        string suggested = Assert.Throws<FlextronException>(() => locator.Find(TaskRegistry.Get("hellaswag"), folder["data/tinyworld/tinyworld-piqa/valid.jsonl"])).Message;
        Assert.DoesNotContain("tinyworld-hellaswag", suggested, StringComparison.Ordinal);
        Assert.Contains("tinyworld-lambada, tinyworld-mmlu, tinyworld-mmlu-letters, tinyworld-piqa", suggested, StringComparison.Ordinal);
        Put(folder, "real/piqa/valid.jsonl");
        Assert.Throws<FlextronException>(() => locator.Find(TaskRegistry.Get("tinyworld-piqa"), folder["real"]));
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
