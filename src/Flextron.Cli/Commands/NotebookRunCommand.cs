using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Notebooks.Documents;
using Flextron.Notebooks.Running;
using Flextron.Progress;
using Flextron.Storage;

namespace Flextron.Cli.Commands;

/// <summary><c>notebook run</c>: a notebook from its first cell to its last.</summary>
internal sealed class NotebookRunCommand : VerbCommand
{
    private readonly Argument<string> file = new("file") { Description = "The notebook (.ipynb)." };
    private readonly Option<string[]> parameters = new("--param")
    {
        Description = "Sets a parameter that the notebook's parameters cell declares; may be repeated. Arrays: k=1,2,3.", HelpName = "k=v", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false,
    };
    private readonly Option<string?> output = new("--out") { Description = "Where the executed notebook goes; the notebook itself to overwrite it. By default runs/notebooks/NAME.ipynb.", HelpName = "file" };
    private readonly Option<bool> html = new("--html") { Description = "Also writes a page beside it that opens without a network." };
    private readonly Option<string?> figures = new("--figures") { Description = "Also writes every figure into this folder, as a picture (SVG) and its numbers (CSV).", HelpName = "dir" };
    private readonly Option<bool> check = new("--check") { Description = "Compares the outputs with those in the file; a difference makes the exit code 1. Writes nothing unless --out is given." };
    private readonly Option<double> tolerance = new("--tolerance")
    {
        Description = "With --check: largest relative difference of numbers.", HelpName = "x", DefaultValueFactory = _ => OutputComparison.DefaultTolerance,
    };

    public NotebookRunCommand() : base(
        "run", "Executes a notebook without a front end.",
        "Stops at the first cell that fails, says which line, and still writes what ran. Relative paths in cells begin at the notebook's folder.",
        "notebook run notebooks/00-tour.ipynb",
        "notebook run notebooks/03-joint-training.ipynb --param steps=200 --param model=../shared/data/models/story656k-hf --html",
        "notebook run notebooks/07-curves-lambada-piqa-mmlu.ipynb --param tasks=lambada_openai,piqa,mmlu --param limit=500 --figures curves",
        "notebook run notebooks/00-tour.ipynb --check --json")
    {
        Arguments.Add(file);
        foreach (Option option in (Option[])[parameters, output, html, figures, check, tolerance]) Options.Add(option);
    }

    public override string HowToGoOn => "what ran until then is written";

    // Cells may not need it, and those that do say so themselves.
    public override bool NeedsTorch => false;

    public override VerbResult Execute(CommandContext context)
    {
        string path = Path.GetFullPath(context.Get(file));
        NotebookDocument notebook = NotebookDocument.Load(path);
        string? target = context.Given(output) ? Path.GetFullPath(context.Get(output)!)
            : context.Get(check) ? null : Path.GetFullPath(Path.Combine("runs", "notebooks", Path.GetFileName(path)));
        NotebookRunResult run = Run(context, notebook, path);
        if (target is not null) run.Document.Save(target);
        string? page = target is not null && context.Get(html) ? Path.ChangeExtension(target, ".html") : null;
        if (page is not null) AtomicFile.WriteAllText(page, NotebookHtml.Render(run.Document, Path.GetFileNameWithoutExtension(path)));
        IReadOnlyList<string> drawn = context.Get(figures) is { } folder ? NotebookFigures.Save(run.Document, folder) : [];
        context.Cancellation.ThrowIfCancellationRequested();
        IReadOnlyList<OutputDifference> differences = run.Failure is null && context.Get(check) ? OutputComparison.Compare(notebook, run.Document, context.Get(tolerance)) : [];
        bool ok = run.Failure is null && differences.Count == 0;
        var json = new
        {
            ok, notebook = path, @out = target, html = page, figures = drawn, cells = run.CodeCells, cellsRun = run.CellsRun, seconds = Math.Round(run.Elapsed.TotalSeconds, 2), failure = run.Failure, differences,
        };
        return new VerbResult(json, writer =>
        {
            Write(writer, run, differences);
            if (target is not null) writer.WriteLine($"executed notebook: {target}");
            if (page is not null) writer.WriteLine($"page: {page}");
            if (context.Get(figures) is { } folder) writer.WriteLine($"{drawn.Count} figures: {folder}");
        }, ok ? 0 : 1);
    }

    private NotebookRunResult Run(CommandContext context, NotebookDocument notebook, string path)
    {
        string folder = Path.GetDirectoryName(path)!, before = Directory.GetCurrentDirectory();
        Directory.SetCurrentDirectory(folder);
        try
        {
            var progress = new CellLines(context);
            return NotebookRunner.RunAsync(notebook, folder, Values(context), progress, null, context.Cancellation).GetAwaiter().GetResult();
        }
        finally
        {
            Directory.SetCurrentDirectory(before);
        }
    }

    private Dictionary<string, string> Values(CommandContext context)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string given in context.Get(parameters) ?? [])
        {
            int at = given.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0) throw new FlextronException($"\"{given}\" is not a parameter: write --param name=value.");
            if (!values.TryAdd(given[..at].Trim(), given[(at + 1)..])) throw new FlextronException($"The parameter {given[..at]} is given twice: give it once.");
        }
        return values;
    }

    private static void Write(TextWriter writer, NotebookRunResult run, IReadOnlyList<OutputDifference> differences)
    {
        if (run.Failure is { } failure)
        {
            string line = failure.Line > 0 ? string.Create(CultureInfo.InvariantCulture, $", line {failure.Line}") : "";
            writer.WriteLine($"cell {failure.Cell}{line}: {failure.Name}: {failure.Message}");
            foreach (string call in failure.Trace.Skip(1)) writer.WriteLine(call);
        }
        foreach (OutputDifference difference in differences) writer.WriteLine(difference.ToString());
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{run.CellsRun} of {run.CodeCells} cells ran in {run.Elapsed.TotalSeconds:0.0} s{(differences.Count > 0 ? $"; {differences.Count} show something else than the file" : "")}"));
    }

    /// <summary>A line on standard error as each cell begins.</summary>
    private sealed class CellLines(CommandContext context) : IProgress<StageProgress>
    {
        public void Report(StageProgress value)
        {
            if (value.Done < value.Total) context.Message(string.Create(CultureInfo.InvariantCulture, $"cell {value.Done + 1} of {value.Total}  {value.Note}"));
        }
    }
}
