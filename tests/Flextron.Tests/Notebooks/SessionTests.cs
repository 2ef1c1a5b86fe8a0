using System.Diagnostics;
using Flextron.Notebooks.Documents;
using Flextron.Notebooks.Sessions;

namespace Flextron.Tests.Notebooks;

public sealed class SessionTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly NotebookSession session;
    private readonly RecordedOutput output = new() { Answer = prompt => prompt + " Ada" };
    private int cells;

    public SessionTests() => session = new NotebookSession(folder.Path);

    public void Dispose()
    {
        session.Dispose();
        folder.Dispose();
    }

    private Task<CellResult> Run(string code, CancellationToken cancellation = default) => session.RunAsync(code, ++cells, output, cancellation);

    private async Task<string> Value(string code)
    {
        CellResult result = await Run(code);
        Assert.True(result.Succeeded, string.Join('\n', result.Error?.Trace ?? []));
        return output.LastText;
    }

    [Fact]
    public async Task What_a_cell_declares_is_there_for_the_next()
    {
        await Value("int Double(int x) => 2 * x; var a = 20; record Pair(int X, int Y); 0");
        Assert.Equal("42", await Value("Double(a) + new Pair(1, 2).Y"));
        Assert.Equal("5", await Value("var a = 5; a"));
    }

    [Theory]
    [InlineData("1 + 1", "2")]
    [InlineData("\"text\"", "text")]
    [InlineData("0.1 + 0.2", "0.30000000000000004")]
    [InlineData("true", "True")]
    [InlineData("(string)null", "null")]
    [InlineData("new[] { 1, 2, 3 }.Sum()", "6")]
    [InlineData("await Task.FromResult(7)", "7")]
    [InlineData("DayOfWeek.Monday", "Monday")]
    public async Task The_last_expression_is_shown(string code, string shown)
    {
        Assert.Equal(shown, await Value(code));
        Assert.Null(output.Displays[^1].Id);
    }

    [Theory]
    [InlineData("1 + 1;")]
    [InlineData("var x = 3")]
    [InlineData("Console.Write(\"\")")]
    [InlineData("")]
    [InlineData("// nothing")]
    public async Task Statements_show_nothing(string code)
    {
        await Run(code);
        Assert.Empty(output.Displays);
    }

    [Fact]
    public async Task Console_text_goes_to_the_cell_even_from_tasks()
    {
        await Run("Console.Write(\"a\"); Console.Error.Write(\"b\"); await Task.Run(() => Console.WriteLine(\"c\"));");
        Assert.Equal("a!bc\n", output.Console);
    }

    [Fact]
    public async Task Displays_can_be_updated_from_later_cells()
    {
        await Run("var d = display(\"one\"); \"two\".Display();");
        await Run("d.Update(HTML(\"<b>3</b>\"));");
        Assert.Equal(["one", "two"], output.Displays.Select(x => x.Bundle.Text));
        (var bundle, string id) = Assert.Single(output.Updates);
        Assert.Equal(output.Displays[0].Id, id);
        Assert.Equal("<b>3</b>", bundle.Data["text/html"]);
        Assert.Equal("<b>3</b>", bundle.Text);
    }

    [Fact]
    public async Task DisplayAs_and_DisplayTable()
    {
        await Run("\"# x\".DisplayAs(\"text/markdown\"); new[] { new { Name = \"a\", N = 1 }, new { Name = \"b\", N = 22 } }.DisplayTable();");
        Assert.Equal("# x", output.Displays[0].Bundle.Data["text/markdown"]);
        Assert.Equal("Name   N\na      1\nb     22", output.Displays[1].Bundle.Text);
        Assert.Contains("<td style=\"text-align:right\">22</td>", output.Displays[1].Bundle.Data["text/html"]);
    }

    [Fact]
    public async Task Registered_formatters_and_pocket_views_work()
    {
        await Value("using Microsoft.DotNet.Interactive.Formatting; using static Microsoft.DotNet.Interactive.Formatting.PocketViewTags; class Cell1 { public int A = 3; } 0");
        await Value("Formatter.Register<Cell1>(c => $\"<i>{c.A}</i>\", \"text/html\"); new Cell1()");
        Assert.Equal("<i>3</i>", output.Displays[^1].Bundle.Data["text/html"]);
        await Value("PocketView view = div[style: \"color:red\"](b(\"bold\"), \" & more\"); view");
        Assert.Equal("<div style=\"color:red\"><b>bold</b> &amp; more</div>", output.Displays[^1].Bundle.Data["text/html"]);
    }

    [Fact]
    public async Task Compiler_errors_carry_line_and_code()
    {
        CellResult result = await Run("var ok = 1;\n\nint x = \"text\";");
        Assert.Equal(3, result.Error!.Line);
        Assert.StartsWith("(3,9): error CS0029: ", result.Error.Message);
        Assert.Equal("CompilationError", result.Error.Name);
        // Nothing of such a cell has run.
        Assert.Contains("CS0103", (await Run("ok")).Error!.Message);
    }

    [Fact]
    public async Task Stack_traces_name_cells_and_lines_and_end_there()
    {
        await Run("int Fail(int x)\n{\n    if (x > 0) throw new InvalidOperationException($\"no {x}\");\n    return x;\n}");
        CellResult result = await Run("var before = 1;\n\nvar y = Fail(3);");
        Assert.Equal(("InvalidOperationException", "no 3", 3), (result.Error!.Name, result.Error.Message, result.Error.Line));
        Assert.Equal(["InvalidOperationException: no 3", "   at Fail(Int32) in cell 1, line 3", "   at cell 2, line 3"], result.Error.Trace);
        Assert.Equal("1", await Value("before"));
    }

    [Fact]
    public async Task Errors_of_the_library_keep_their_sentence()
    {
        CellResult result = await Run("Flextron.Selection.Budget.Parse(\"7%\")");
        Assert.Equal("FlextronException", result.Error!.Name);
        Assert.StartsWith("\"7%\" is not a budget: ", result.Error.Message);
        Assert.Equal(1, result.Error.Line);
    }

    [Theory]
    [InlineData("#!fsharp\nlet x = 1", "#!fsharp", 1)]
    [InlineData("var a = 1;\n#!pwsh\nGet-Item .", "#!pwsh", 2)]
    [InlineData("\n#!html\n<b>x</b>", "#!html", 2)]
    public async Task Other_languages_are_refused_by_name(string code, string name, int line)
    {
        CellResult result = await Run(code);
        Assert.StartsWith($"{name} is not known here", result.Error!.Message);
        Assert.Equal(line, result.Error.Line);
    }

    [Fact]
    public async Task Text_that_looks_like_a_directive_is_left_alone()
    {
        Assert.Equal("\n#!fsharp\n#r \"nuget: x\"\n", await Value("\"\"\"\n\n#!fsharp\n#r \"nuget: x\"\n\n\"\"\""));
        Assert.Equal("1", await Value("/*\n#!fsharp\n*/\n1"));
    }

    [Fact]
    public async Task Time_and_csharp_magics()
    {
        await Run("#!csharp\n#!time\nawait Task.Delay(30);");
        string text = output.LastText;
        Assert.Matches(@"^Wall time: \d+\.\dms$", text);
        Assert.InRange(double.Parse(text["Wall time: ".Length..^2], System.Globalization.CultureInfo.InvariantCulture), 29, 5000);
    }

    [Fact]
    public async Task Files_are_loaded_and_imported()
    {
        File.WriteAllText(Path.Combine(folder.Path, "a.csx"), "int Loaded() => 11;");
        File.WriteAllText(Path.Combine(folder.Path, "b.ipynb"),
            """{"cells":[{"cell_type":"markdown","metadata":{},"source":"x"},{"cell_type":"code","metadata":{},"outputs":[],"source":["var imported = 30;\n","imported"]}],"metadata":{},"nbformat":4,"nbformat_minor":5}""");
        Assert.Equal("42", await Value("#load \"a.csx\"\n#!import \"b.ipynb\"\nLoaded() + imported + 1"));
        Assert.Equal(["30", "42"], output.Displays.Select(d => d.Bundle.Text));
        Assert.Contains("missing.ipynb", (await Run("#!import missing.ipynb")).Error!.Message);
        File.WriteAllText(Path.Combine(folder.Path, "c.cs"), "#!import c.cs\n1");
        Assert.Contains("imports itself", (await Run("#!import c.cs")).Error!.Message);
    }

    [Fact]
    public async Task Packages_of_the_host_answer_after_a_version_check()
    {
        Assert.Equal("2", await Value("#r \"nuget: MathNet.Numerics, 5.0.0\"\n#r \"nuget: Deedle\"\nnew MathNet.Numerics.LinearAlgebra.Double.DenseVector([1, 2])[1]"));
        CellResult other = await Run("#r \"nuget: Plotly.NET, 99.0.0\"");
        Assert.Contains("asks for Plotly.NET 99.0.0", other.Error!.Message);
        Assert.Contains("#r \"nuget: Plotly.NET, 6.0.0\"", other.Error.Message);
    }

    [Theory]
    [InlineData("6.0.0", "6.0.0", true)]
    [InlineData("6.1.0", "6.0.2", true)]
    [InlineData("6.0.0", "6.1.0", false)]
    [InlineData("6.0.0", "5.0.0", false)]
    [InlineData("0.107.0", "0.106.0", false)]
    [InlineData("0.107.1", "0.107.0", true)]
    [InlineData("6.0.0", "6.*", true)]
    [InlineData("1.0.0-beta.2", "1.0.0-beta.2", true)]
    public void Versions_of_the_host(string carried, string requested, bool satisfied) => Assert.Equal(satisfied, HostPackages.Satisfies(carried, requested));

    [Fact]
    public async Task Cells_share_types_with_the_host()
    {
        Assert.Equal("16", await Value("using static TorchSharp.torch; ones(4, 4).sum().item<float>()"));
        Assert.Equal("True", await Value("typeof(Flextron.FlextronException) == AppDomain.CurrentDomain.GetAssemblies().First(a => a.GetName().Name == \"Flextron\").GetType(\"Flextron.FlextronException\")"));
    }

    [Fact]
    public async Task All_cells_run_on_one_thread_and_blocked_waits_do_not_hang()
    {
        string first = await Value("Environment.CurrentManagedThreadId");
        Assert.Equal(first, await Value("await Task.Delay(5); Environment.CurrentManagedThreadId"));
        Assert.Equal("3", await Value("async Task<int> Later() { await Task.Delay(5); return 3; } Later().Result").WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("await Task.Delay(100000);")]
    [InlineData("System.Threading.Thread.Sleep(100000);")]
    [InlineData("while (!Interrupted.IsCancellationRequested) await Task.Delay(1); Interrupted.ThrowIfCancellationRequested();")]
    [InlineData("while (true) { try { while (true) { } } catch (Exception) { } }")]
    public async Task Anything_managed_can_be_interrupted_and_the_session_lives_on(string code)
    {
        await Run("var kept = 12;");
        var clock = Stopwatch.StartNew();
        Task<CellResult> running = Run(code);
        await Task.Delay(300);
        session.Interrupt();
        CellResult result = await running.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(CellError.Interrupted, result.Error!.Name);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.2, 25);
        Assert.Equal("13", await Value("kept + 1"));
    }

    [Fact]
    public async Task Warming_up_and_completing_beside_cells_leaves_their_names_unambiguous()
    {
        for (int i = 0; i < 3; i++)
        {
            using var fresh = new NotebookSession(folder.Path);
            var shown = new RecordedOutput();
            Task warm = Task.Run(fresh.WarmUp);
            Task<CodeCompletions> complete = Task.Run(() => fresh.CompleteAsync("Conso", 5));
            foreach (string code in (string[])["using Flextron.Progress;\nvar live = new LiveProgress();", "live.Report(new StageProgress(\"a\", 1, 2));", "display(HTML(\"b\"));"])
            {
                CellResult result = await fresh.RunAsync(code, 1, shown);
                Assert.True(result.Succeeded, result.Error?.Message);
            }
            Assert.Equal(["a: 1/2", "b"], shown.Displays.Select(d => d.Bundle.Text));
            await warm;
            Assert.NotEmpty((await complete).Items);
        }
    }

    [Fact]
    public async Task Input_is_asked_for()
    {
        Assert.Equal("Name: Ada", await Value("input(\"Name:\")"));
    }

    [Fact]
    public async Task Members_types_and_earlier_variables_are_completed()
    {
        await Run("var numbers = new List<int> { 1 };");
        CodeCompletions members = await session.CompleteAsync("numbers.Ad", 10);
        Assert.Equal((8, 10), (members.Start, members.End));
        Assert.Equal(["Add", "AddRange"], members.Items.Take(2).Select(i => i.Text));
        Assert.Equal("method", members.Items[0].Kind);
        Assert.Contains("numbers", (await session.CompleteAsync("num", 3)).Items.Select(i => i.Text));
        Assert.Contains("Sum", (await session.CompleteAsync("numbers.Su", 10)).Items.Select(i => i.Text));
        await Run("var numbers = \"now text\";");
        Assert.Contains("ToUpperInvariant", (await session.CompleteAsync("numbers.ToU", 11)).Items.Select(i => i.Text));
        Assert.Contains("display", (await session.CompleteAsync("disp", 4)).Items.Select(i => i.Text));
        Assert.Contains("string.Substring(int startIndex)", await session.DescribeAsync("numbers.Substring(1)", 10));
    }

    [Theory]
    [InlineData("1 + 1", "complete")]
    [InlineData("if (true) {", "incomplete")]
    [InlineData("var x = ;", "invalid")]
    public void Completeness(string code, string state) => Assert.Equal(state, NotebookSession.Completeness(code));
}
