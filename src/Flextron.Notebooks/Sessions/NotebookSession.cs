using System.Diagnostics;
using System.Globalization;
using Flextron.Notebooks.Display;
using Flextron.Notebooks.Documents;

namespace Flextron.Notebooks.Sessions;

/// <summary>
/// The C# behind a notebook: runs cells one after another on one thread, with what they declare kept from cell to cell. The Jupyter kernel and
/// the headless runner are two faces of it.
/// </summary>
public sealed class NotebookSession : IDisposable
{
    private const int DeepestImport = 16;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan NativePatience = TimeSpan.FromSeconds(5);
    private readonly string workingDirectory;
    private readonly ScriptEngine engine;
    private readonly CodeAssistant assistant;
    private readonly CellThread thread = new();
    private readonly SemaphoreSlim one = new(1, 1);
    private readonly Dictionary<string, string> packages = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> sources = [];
    private readonly PackageRestore restore;
    private volatile RunningCell? running;

    /// <summary>Begins a session.</summary>
    /// <param name="workingDirectory">The notebook's folder: where <c>#load</c>, <c>#r</c> and <c>#!import</c> begin.</param>
    /// <param name="packageFolder">Where packages that the host does not carry are restored; the user's own folder by default.</param>
    public NotebookSession(string workingDirectory, string? packageFolder = null)
    {
        restore = new PackageRestore(packageFolder ?? PackageRestore.DefaultFolder);
        this.workingDirectory = Path.GetFullPath(workingDirectory);
        ConsoleRouter.Install();
        engine = new ScriptEngine(this.workingDirectory);
        assistant = new CodeAssistant(ScriptEngine.Imports);
    }

    /// <summary>Compiles a trifle, so that the first cell need not wait for the compiler.</summary>
    public void WarmUp()
    {
        // Never beside a cell: two compilations at once each make symbols of the same assemblies, and later cells would see both as ambiguous.
        one.Wait();
        try
        {
            engine.Prepare("Enumerable.Range(0, 3).Sum()", "warm-up.csx", CancellationToken.None);
            ValueFormatter.Format(1);
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>Runs a cell; cells wait for each other.</summary>
    /// <param name="code">Its text.</param>
    /// <param name="number">Its number in messages.</param>
    /// <param name="output">Where output goes.</param>
    /// <param name="cancellation">Interrupts it.</param>
    public async Task<CellResult> RunAsync(string code, int number, ICellOutput output, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(code);
        ArgumentNullException.ThrowIfNull(output);
        await one.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        using var cell = new RunningCell(string.Create(CultureInfo.InvariantCulture, $"cell-{number}.csx"), output);
        running = cell;
        using CancellationTokenRegistration stop = cancellation.Register(Interrupt);
        var clock = Stopwatch.StartNew();
        CellContext.Current = new CellContext(output, cell.Interrupted.Token);
        try
        {
            CellError? error = await RunStepsAsync(code, cell, 0).ConfigureAwait(false);
            return new CellResult(error, clock.Elapsed);
        }
        catch (CellDirectiveException e)
        {
            return new CellResult(new CellError("DirectiveError", e.Message, [e.Message], e.Line), clock.Elapsed);
        }
        catch (Exception e) when (e is OperationCanceledException or ThreadInterruptedException && cell.Interrupted.IsCancellationRequested)
        {
            return new CellResult(new CellError(CellError.Interrupted, "The cell was interrupted.", ["The cell was interrupted."], 0), clock.Elapsed);
        }
        finally
        {
            CellContext.Current = null;
            running = null;
            one.Release();
        }
    }

    /// <summary>Asks the running cell to stop: by its token first, then wherever it is in managed code. Says so where native code cannot be stopped.</summary>
    public void Interrupt()
    {
        if (running is { } cell) _ = InterruptAsync(cell);
    }

    /// <summary>What could be typed at a place.</summary>
    public Task<CodeCompletions> CompleteAsync(string code, int position, CancellationToken cancellation = default) =>
        assistant.CompleteAsync(code, position, engine.References, cancellation);

    /// <summary>What stands at a place: a signature and its documentation; null for nothing known.</summary>
    public Task<string?> DescribeAsync(string code, int position, CancellationToken cancellation = default) =>
        assistant.DescribeAsync(code, position, engine.References, cancellation);

    /// <summary>Whether code is a whole: <c>complete</c>, <c>incomplete</c> or <c>invalid</c>.</summary>
    public static string Completeness(string code) => CodeAssistant.Completeness(code);

    /// <inheritdoc/>
    public void Dispose()
    {
        thread.Dispose();
        assistant.Dispose();
        one.Dispose();
    }

    private async Task InterruptAsync(RunningCell cell)
    {
        try
        {
            await cell.Interrupted.CancelAsync().ConfigureAwait(false);
            await Task.Delay(Grace).ConfigureAwait(false);
            if (running != cell) return;
            // Aborting waits until the thread is back in managed code, so it is not waited for.
            _ = cell.Aborted.CancelAsync();
            thread.Wake();
            await Task.Delay(NativePatience).ConfigureAwait(false);
            if (running == cell) cell.Output.Stream("stderr", "Still busy in native code, which cannot be stopped: wait for it, or restart the kernel.\n");
        }
        catch (ObjectDisposedException)
        {
            // It ended meanwhile.
        }
    }

    private async Task<CellError?> RunStepsAsync(string code, RunningCell cell, int depth)
    {
        if (depth > DeepestImport) throw new CellDirectiveException("#!import goes round in a circle: a file imports itself.", 1);
        IReadOnlyList<CellStep> steps = CellParser.Parse(code);
        bool timed = steps.Any(s => s is DirectiveStep { Name: "#!time" });
        var clock = Stopwatch.StartNew();
        await ApplyPackagesAsync([.. steps.OfType<DirectiveStep>()], cell).ConfigureAwait(false);
        foreach (CellStep step in steps)
        {
            CellError? error = step switch
            {
                CodeStep c => await RunCodeAsync(c.Code, cell).ConfigureAwait(false),
                DirectiveStep { Name: "#!import" } import => await ImportAsync(import, cell, depth).ConfigureAwait(false),
                _ => null,
            };
            if (error is not null) return error;
        }
        if (timed)
            cell.Output.Display(ValueFormatter.Format(string.Create(CultureInfo.InvariantCulture, $"Wall time: {clock.Elapsed.TotalMilliseconds:0.0}ms")), Guid.NewGuid().ToString("N"));
        return null;
    }

    private async Task<CellError?> RunCodeAsync(string code, RunningCell cell)
    {
        ScriptEngine.Prepared prepared = engine.Prepare(code, cell.File, cell.Interrupted.Token);
        if (prepared.Errors.Count > 0) return ErrorText.OfDiagnostics(prepared.Errors);
        object? value = null;
        Exception? failure = null;
        await thread.RunAsync(
            async () =>
            {
#pragma warning disable CA2007 // Displaying a value may read tensors: that, too, belongs to the cell thread.
                (value, failure) = await engine.RunAsync(prepared, cell.Interrupted.Token);
#pragma warning restore CA2007
                if (failure is null && prepared.HasValue) cell.Output.Display(ValueFormatter.Format(value), null);
            },
            cell.Interrupted.Token, cell.Aborted.Token).ConfigureAwait(false);
        if (failure is OperationCanceledException or ThreadInterruptedException && cell.Interrupted.IsCancellationRequested) throw new OperationCanceledException(cell.Interrupted.Token);
        assistant.Submitted(code, engine.References);
        return failure is null ? null : ErrorText.OfException(failure, cell.File);
    }

    private async Task<CellError?> ImportAsync(DirectiveStep import, RunningCell cell, int depth)
    {
        string path = Path.GetFullPath(import.Argument, workingDirectory);
        try
        {
            IEnumerable<string> cells = path.EndsWith(".ipynb", StringComparison.OrdinalIgnoreCase)
                ? NotebookDocument.Load(path).Cells.Where(c => c.IsCode).Select(c => c.Source)
                : [await File.ReadAllTextAsync(path).ConfigureAwait(false)];
            foreach (string code in cells)
            {
                if (await RunStepsAsync(code, cell, depth + 1).ConfigureAwait(false) is { } error) return error with { Message = $"{Path.GetFileName(path)}: {error.Message}" };
            }
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FlextronException or ArgumentException)
        {
            throw new CellDirectiveException($"#!import {import.Argument}: {e.Message}", import.Line, e);
        }
    }

    // A folder is named from the notebook's own; anything else is a feed's address.
    private string Source(string argument) => Path.Combine(workingDirectory, argument) is var path && Directory.Exists(path) ? Path.GetFullPath(path) : argument;

    private async Task ApplyPackagesAsync(IReadOnlyList<DirectiveStep> directives, RunningCell cell)
    {
        sources.AddRange(directives.Where(d => d.Name == "#i").Select(d => Source(d.Argument)).Except(sources, StringComparer.Ordinal));
        bool added = false;
        DirectiveStep[] wanted = [.. directives.Where(d => d.Name == "#r")];
        try
        {
            foreach (DirectiveStep package in wanted)
            {
                string[] parts = package.Argument.Split(',', 2, StringSplitOptions.TrimEntries);
                string version = parts.ElementAtOrDefault(1) ?? "";
                if (HostPackages.Answer(parts[0], version) is not null) continue;
                if (packages.TryGetValue(parts[0], out string? present) && (present == version || version.Length == 0)) continue;
                packages[parts[0]] = version;
                added = true;
            }
            if (!added) return;
            RestoredPackages found = await restore.RestoreAsync(packages, sources, cell.Interrupted.Token).ConfigureAwait(false);
            RestoredAssemblies.Add(found);
            HashSet<string> present2 = [.. engine.References.Select(r => Path.GetFileNameWithoutExtension(r.Display ?? ""))];
            engine.AddReferences(found.Compile.Where(p => present2.Add(Path.GetFileNameWithoutExtension(p))));
        }
        catch (FlextronException e)
        {
            foreach (DirectiveStep package in wanted) packages.Remove(package.Argument.Split(',', 2, StringSplitOptions.TrimEntries)[0]);
            throw new CellDirectiveException(e.Message, wanted[0].Line, e);
        }
    }

    private sealed class RunningCell(string file, ICellOutput output) : IDisposable
    {
        public string File => file;

        public ICellOutput Output => output;

        public CancellationTokenSource Interrupted { get; } = new();

        public CancellationTokenSource Aborted { get; } = new();

        public void Dispose()
        {
            Interrupted.Dispose();
            Aborted.Dispose();
        }
    }
}
