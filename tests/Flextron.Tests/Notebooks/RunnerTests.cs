using System.Text.Json.Nodes;
using Flextron.Notebooks.Documents;
using Flextron.Notebooks.Running;

namespace Flextron.Tests.Notebooks;

public sealed class RunnerTests
{
    private static async Task<NotebookRunResult> Run(string text, Dictionary<string, string>? parameters = null) =>
        await NotebookRunner.RunAsync(NotebookDocument.Parse(text), Path.GetTempPath(), parameters);

    private static string[] Texts(NotebookRunResult run) =>
        [.. run.Document.Cells.Where(c => c.IsCode).Select(c => string.Concat(c.Outputs.Select(o => NotebookJson.Text(o["text"]) + NotebookJson.Text(o["data"]?["text/plain"]) + NotebookJson.Text(o["ename"]))))];

    [Fact]
    public async Task Cells_run_in_order_and_outputs_are_those_of_the_format()
    {
        NotebookRunResult run = await Run(NotebookText.Of("# Title", "var a = 1; Console.Write(\"x\"); Console.WriteLine(\"y\");", "a + 1", "var d = display(\"old\");", "d.Update(\"new\");"));
        Assert.Null(run.Failure);
        Assert.Equal((4, 4), (run.CellsRun, run.CodeCells));
        Assert.Equal(["xy\n", "2", "new", ""], Texts(run));
        JsonObject stream = Assert.Single(run.Document.Cells[1].Outputs);
        Assert.Equal("""{"output_type":"stream","name":"stdout","text":["xy\n"]}""", stream.ToJsonString());
        Assert.Equal("""{"output_type":"execute_result","data":{"text/plain":["2"]},"metadata":{},"execution_count":2}""", run.Document.Cells[2].Outputs[0].ToJsonString());
    }

    [Fact]
    public async Task The_first_failing_cell_stops_the_run_and_is_named()
    {
        NotebookRunResult run = await Run(NotebookText.Of("1", "var x = 1;\nthrow new Exception(\"no\");", "3"));
        Assert.Equal((2, 2, "Exception", "no"), (run.Failure!.Cell, run.Failure.Line, run.Failure.Name, run.Failure.Message));
        Assert.Equal(["1", "Exception", ""], Texts(run));
        Assert.Equal("error", NotebookJson.Text(run.Document.Cells[1].Outputs[^1]["output_type"]));
    }

    [Fact]
    public async Task Parameters_are_injected_with_the_types_of_their_cell()
    {
        string text = NotebookText.Of("# x", "@parameters:int steps = 3; double rate = 1; string name = \"a\"; bool on = false; var k = 2; double[] budgets = [0.5];",
            "$\"{steps} {rate} {name} {on} {k} {string.Join(';', budgets)}\"");
        Assert.Equal("3 1 a False 2 0.5", Texts(await Run(text))[^1]);
        NotebookRunResult run = await Run(text, new() { ["steps"] = "7", ["rate"] = "1e-3", ["name"] = "say \"hi\"\\", ["on"] = "true", ["k"] = "-4", ["budgets"] = "0.25, 1" });
        Assert.Equal("7 0.001 say \"hi\"\\ True -4 0.25;1", Texts(run)[^1]);
        NotebookCell injected = run.Document.Cells[2];
        Assert.Equal("injected-parameters", Assert.Single(injected.Tags));
        // A second run replaces what the first one set.
        NotebookRunResult again = await NotebookRunner.RunAsync(run.Document, Path.GetTempPath(), new Dictionary<string, string> { ["steps"] = "8" });
        Assert.Equal("8 1 a False 2 0.5", Texts(again)[^1]);
        Assert.Single(again.Document.Cells, c => c.Tags.Contains("injected-parameters"));
    }

    [Theory]
    [InlineData("steps", "many", "\"many\" is not a value of the parameter steps, which is of type int.")]
    [InlineData("steps", "1.5", "\"1.5\" is not a value of the parameter steps, which is of type int.")]
    [InlineData("step", "1", "The notebook has no parameter step: did you mean \"steps\"?")]
    [InlineData("when", "1", "The parameter when is declared as DateTime, which cannot be set from outside")]
    public async Task Parameters_that_do_not_fit_are_refused_before_anything_runs(string name, string value, string message)
    {
        string text = NotebookText.Of("@parameters:int steps = 3; DateTime when = default;");
        var e = await Assert.ThrowsAsync<FlextronException>(() => Run(text, new() { [name] = value }));
        Assert.StartsWith(message, e.Message);
    }

    [Fact]
    public async Task Parameters_need_a_parameters_cell()
    {
        var e = await Assert.ThrowsAsync<FlextronException>(() => Run(NotebookText.Of("1"), new() { ["a"] = "1" }));
        Assert.Contains("no cell tagged \"parameters\"", e.Message);
    }

    [Fact]
    public async Task Input_is_refused_and_huge_output_is_cut()
    {
        Assert.Contains("has nobody to ask", (await Run(NotebookText.Of("input(\"?\")"))).Failure!.Message);
        NotebookRunResult run = await Run(NotebookText.Of("for (int i = 0; i < 60; i++) Console.Write(new string('x', 100_000));"));
        string text = Assert.Single(Texts(run));
        Assert.InRange(text.Length, Flextron.Notebooks.Sessions.ConsoleLimit.Longest, Flextron.Notebooks.Sessions.ConsoleLimit.Longest + 200);
        Assert.EndsWith("is left out\n", text);
    }

    [Fact]
    public async Task Cells_and_notebooks_of_other_languages_are_refused()
    {
        string text = NotebookText.Of("let x = 1").Replace("\"tags\":[]", "\"polyglot_notebook\":{\"kernelName\":\"fsharp\"}");
        Assert.Equal("The cell is in fsharp: only C# cells run here.", (await Run(text)).Failure!.Message);
        var e = await Assert.ThrowsAsync<FlextronException>(() => Run("""{"cells":[],"metadata":{"language_info":{"name":"python"}},"nbformat":4,"nbformat_minor":5}"""));
        Assert.StartsWith("This notebook is in python", e.Message);
    }

    [Fact]
    public async Task A_run_can_be_interrupted()
    {
        using var stop = new CancellationTokenSource();
        NotebookDocument document = NotebookDocument.Parse(NotebookText.Of("1", "Console.Write(\"on\"); await Task.Delay(100_000);", "3"));
        NotebookRunResult run = await NotebookRunner.RunAsync(document, Path.GetTempPath(), echo: _ => stop.Cancel(), cancellation: stop.Token).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(("Interrupted", 2), (run.Failure!.Name, run.Failure.Cell));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{\"cells\":[],\"nbformat\":3}")]
    [InlineData("{\"cells\":[{\"cell_type\":\"slide\"}],\"nbformat\":4}")]
    [InlineData("{\"cells\":[1],\"nbformat\":4}")]
    [InlineData("{\"cells\":[]")]
    [InlineData("")]
    public void Files_that_are_no_notebooks_are_refused(string text)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["x.ipynb"], text);
        var e = Assert.Throws<FlextronException>(() => NotebookDocument.Load(folder["x.ipynb"]));
        Assert.Contains("x.ipynb is not a readable notebook: ", e.Message);
    }

    [Fact]
    public void What_is_not_known_is_kept_and_texts_become_lists_of_lines()
    {
        const string text = """{"cells":[{"cell_type":"code","metadata":{"mine":{"a":1}},"source":"é < 1\nb","outputs":[],"execution_count":null}],"metadata":{"x":[1.50]},"nbformat":4,"nbformat_minor":2}""";
        NotebookDocument document = NotebookDocument.Parse(text);
        document.Cells[0].Source = document.Cells[0].Source;
        string written = document.ToText();
        Assert.Contains("\n   \"source\": [\n    \"é < 1\\n\",\n    \"b\"\n   ],\n", written);
        Assert.Contains("\"mine\": {\n     \"a\": 1\n", written);
        Assert.Contains("1.50", written);
        Assert.EndsWith("\n}\n", written);
    }
}
