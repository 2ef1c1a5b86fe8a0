using System.Diagnostics;
using System.Text.Json.Nodes;
using Flextron.Notebooks.Documents;
using Flextron.Notebooks.Sessions;
using Flextron.Progress;

namespace Flextron.Notebooks.Running;

/// <summary>Runs a notebook from its first cell to its last, or to the first that fails, without a front end.</summary>
public static class NotebookRunner
{
    private static readonly string[] CSharp = ["csharp", "c#", ".net-csharp", "polyglot-notebook"];

    /// <summary>Runs a notebook. The document passed in is left as it is.</summary>
    /// <param name="document">The notebook.</param>
    /// <param name="workingDirectory">Where its relative paths begin.</param>
    /// <param name="parameters">Values for names that its <c>parameters</c> cell declares.</param>
    /// <param name="progress">Told of cells.</param>
    /// <param name="echo">Told of console text while it is written.</param>
    /// <param name="cancellation">Interrupts the running cell and runs no further one.</param>
    /// <exception cref="FlextronException">The notebook is of another language, or a parameter does not fit.</exception>
    public static async Task<NotebookRunResult> RunAsync(
        NotebookDocument document,
        string workingDirectory,
        IReadOnlyDictionary<string, string>? parameters = null,
        IProgress<StageProgress>? progress = null,
        Action<string>? echo = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(document);
        document = document.Clone();
        if (document.Language.Length > 0 && !IsCSharp(document.Language))
            throw new FlextronException($"This notebook is in {document.Language}: only C# notebooks run here.");
        NotebookParameters.Inject(document, parameters ?? new Dictionary<string, string>());
        NotebookCell[] cells = [.. document.Cells.Where(c => c.IsCode)];
        foreach (NotebookCell cell in cells) cell.SetOutputs([], null);

        using var session = new NotebookSession(workingDirectory);
        var displays = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < cells.Length; i++)
        {
            progress?.Report(new StageProgress("cells", i, cells.Length, FirstLine(cells[i].Source)));
            CellError? error = await RunCellAsync(session, cells[i], i + 1, displays, echo, cancellation).ConfigureAwait(false);
            if (error is not null)
                return new NotebookRunResult(document, i, cells.Length, new CellFailure(i + 1, error.Line, error.Name, error.Message, error.Trace), clock.Elapsed);
        }
        progress?.Report(new StageProgress("cells", cells.Length, cells.Length));
        return new NotebookRunResult(document, cells.Length, cells.Length, null, clock.Elapsed);
    }

    private static async Task<CellError?> RunCellAsync(
        NotebookSession session, NotebookCell cell, int number, Dictionary<string, JsonObject> displays, Action<string>? echo, CancellationToken cancellation)
    {
        var output = new OutputRecorder(number, displays, echo);
        CellError? error;
        if (cell.Language is { } language && !IsCSharp(language))
        {
            string message = $"The cell is in {language}: only C# cells run here.";
            error = new CellError("LanguageError", message, [message], 0);
        }
        else
        {
            error = (await session.RunAsync(cell.Source, number, output, cancellation).ConfigureAwait(false)).Error;
        }
        cell.SetOutputs(output.ToJson(error), number);
        return error;
    }

    private static bool IsCSharp(string language) => CSharp.Contains(language, StringComparer.OrdinalIgnoreCase);

    private static string? FirstLine(string source) =>
        source.Split('\n').Select(l => l.Trim()).FirstOrDefault(l => l.Length > 0) is { } line ? line.Length > 60 ? line[..60] + "…" : line : null;
}
