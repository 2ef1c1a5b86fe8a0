using System.Text.Json;
using Flextron.Notebooks.Documents;
using Flextron.Tests.Notebooks;

namespace Flextron.Tests.Cli;

/// <summary>Alone: the verb makes the notebook's folder the current one of the process.</summary>
[Collection(AloneCollection.Name)]
public sealed class NotebookVerbTests : IDisposable
{
    private const string Figure = "new Figure(\"Steps\", new Axis(\"x\"), new Axis(\"y\"), [new LineSeries(\"a\", [1, 2], [steps, 2])])";
    private readonly TemporaryFolder folder = new();
    private readonly string notebook;

    public NotebookVerbTests() => notebook = NotebookText.Write(folder, "walk.ipynb",
        "# Walk", "@parameters:int steps = 3; string name = \"a\";", "using Flextron.Workbench.Figures;\nConsole.WriteLine($\"{name} {steps}\");", Figure,
        "System.IO.File.WriteAllText(\"beside.txt\", \"in the notebook's folder\");");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Parameters_outputs_page_and_figures()
    {
        JsonElement json = CliRun.JsonOf("notebook", "run", notebook, "--param", "steps=7", "--param", "name=x=y", "--out", folder["out.ipynb"], "--html", "--figures", folder["figures"]);
        Assert.True(json.GetProperty("ok").GetBoolean());
        Assert.Equal((5, 5), (json.GetProperty("cells").GetInt32(), json.GetProperty("cellsRun").GetInt32()));
        Assert.Equal(["03-steps"], json.GetProperty("figures").EnumerateArray().Select(f => f.GetString()));
        Assert.Equal("series,x,y\na,1,7\na,2,2\n", File.ReadAllText(folder["figures/03-steps.csv"]));
        Assert.StartsWith("<svg ", File.ReadAllText(folder["figures/03-steps.svg"]));
        NotebookDocument executed = NotebookDocument.Load(folder["out.ipynb"]);
        Assert.Equal("x=y 7\n", NotebookJson.Text(executed.Cells[3].Outputs[0]["text"]));
        Assert.Equal(NotebookCell.InjectedTag, Assert.Single(executed.Cells[2].Tags));
        string page = File.ReadAllText(folder["out.html"]);
        Assert.Contains("x=y 7", page);
        Assert.Contains("src=\"data:image/svg+xml;base64,", page);
        Assert.DoesNotContain("src=\"http", page);
        Assert.Equal("in the notebook's folder", File.ReadAllText(folder["beside.txt"]));
        // The notebook itself is left as it was.
        Assert.DoesNotContain("x=y", File.ReadAllText(notebook));
    }

    [Fact]
    public void A_failing_cell_is_named_with_its_line_and_what_ran_is_written()
    {
        string failing = NotebookText.Write(folder, "failing.ipynb", "Console.WriteLine(\"before\");", "int a = 1;\nint Inverse(int x) => 1 / (x - 1);\nInverse(a);", "Console.WriteLine(\"after\");");
        CliRun run = CliRun.Of("notebook", "run", failing, "--out", folder["failed.ipynb"]);
        Assert.Equal(1, run.Code);
        Assert.StartsWith("cell 2, line 2: DivideByZeroException: Attempted to divide by zero.\n", run.Output);
        Assert.Contains("1 of 3 cells ran", run.Output);
        NotebookDocument executed = NotebookDocument.Load(folder["failed.ipynb"]);
        Assert.Equal("before\n", NotebookJson.Text(executed.Cells[0].Outputs[0]["text"]));
        Assert.Equal("DivideByZeroException", NotebookJson.Text(executed.Cells[1].Outputs[^1]["ename"]));
        Assert.Empty(executed.Cells[2].Outputs);
        JsonElement failure = CliRun.Of("notebook", "run", failing, "--out", folder["failed.ipynb"], "--json").Json.GetProperty("failure");
        Assert.Equal((2, 2, "Attempted to divide by zero."), (failure.GetProperty("cell").GetInt32(), failure.GetProperty("line").GetInt32(), failure.GetProperty("message").GetString()));
    }

    [Fact]
    public void A_check_finds_what_differs_and_writes_nothing()
    {
        CliRun.JsonOf("notebook", "run", notebook, "--out", notebook);
        string committed = File.ReadAllText(notebook);
        Assert.Empty(CliRun.JsonOf("notebook", "run", notebook, "--check").GetProperty("differences").EnumerateArray());
        CliRun run = CliRun.Of("notebook", "run", notebook, "--check", "--param", "steps=4");
        Assert.Equal(1, run.Code);
        Assert.StartsWith("cell 2, console (stdout), line 1: \"a 3\" is committed, \"a 4\" now\ncell 3, numbers of the figure, line 2: \"a, 1, 3\" is committed, \"a, 1, 4\" now\n", run.Output);
        Assert.Contains("; 2 show something else than the file", run.Output);
        Assert.Empty(CliRun.JsonOf("notebook", "run", notebook, "--check", "--param", "steps=4", "--tolerance", "0.3").GetProperty("differences").EnumerateArray());
        Assert.Equal(committed, File.ReadAllText(notebook));
    }

    [Theory]
    [InlineData("steps", "\"steps\" is not a parameter: write --param name=value.")]
    [InlineData("step=1", "The notebook has no parameter step: did you mean \"steps\"? (known: steps, name)")]
    [InlineData("steps=many", "\"many\" is not a value of the parameter steps, which is of type int.")]
    public void Parameters_that_do_not_fit_are_refused_in_a_sentence(string given, string message) =>
        Assert.Equal($"flextron: {message}", CliRun.Refusal("notebook", "run", notebook, "--param", given));
}
