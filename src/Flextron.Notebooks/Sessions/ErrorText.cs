using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Flextron.Notebooks.Documents;
using Microsoft.CodeAnalysis;

namespace Flextron.Notebooks.Sessions;

/// <summary>Makes errors readable: calls in cells by cell and line, and nothing of the machinery below them.</summary>
internal static partial class ErrorText
{
    private const int MostDiagnostics = 20;

    /// <summary>What the compiler refused.</summary>
    public static CellError OfDiagnostics(IReadOnlyList<Diagnostic> errors)
    {
        string[] lines = [.. errors.Take(MostDiagnostics).Select(Line)];
        int line = errors[0].Location.GetMappedLineSpan().StartLinePosition.Line + 1;
        return new CellError("CompilationError", lines[0], errors.Count > MostDiagnostics ? [.. lines, $"… and {errors.Count - MostDiagnostics} more"] : lines, line);
    }

    /// <summary>What a cell threw.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="file">The cell's name in stack traces.</param>
    public static CellError OfException(Exception exception, string file)
    {
        Exception shown = exception is TargetInvocationException or AggregateException { InnerExceptions.Count: 1 } or TypeInitializationException ? exception.InnerException ?? exception : exception;
        var trace = new List<string>();
        int line = 0;
        for (Exception? e = shown; e is not null && trace.Count < 200; e = e.InnerException)
        {
            trace.Add($"{(ReferenceEquals(e, shown) ? "" : "caused by ")}{e.GetType().Name}: {Message(e)}");
            foreach (StackFrame frame in new StackTrace(e, fNeedFileInfo: true).GetFrames())
            {
                if (frame.GetMethod() is not { } method) continue;
                if (method.DeclaringType?.FullName?.StartsWith("Microsoft.CodeAnalysis.Scripting", StringComparison.Ordinal) == true) break;
                if (method.DeclaringType?.Namespace?.StartsWith("System.Runtime.CompilerServices", StringComparison.Ordinal) == true
                    || method.DeclaringType?.FullName?.StartsWith("System.Runtime.ExceptionServices", StringComparison.Ordinal) == true) continue;
                string? place = frame.GetFileName();
                int at = frame.GetFileLineNumber();
                if (place is not null && Path.GetFileName(place) == file && line == 0) line = at;
                string call = Call(method);
                trace.Add(place is null ? $"   at {call}" : $"   at {(IsCellBody(method) ? "" : call + " in ")}{Place(place)}, line {at.ToString(CultureInfo.InvariantCulture)}");
            }
        }
        return new CellError(shown.GetType().Name, Message(shown), trace, line);
    }

    private static string Line(Diagnostic diagnostic)
    {
        FileLinePositionSpan span = diagnostic.Location.GetMappedLineSpan();
        string place = span.IsValid && !CellName().IsMatch(Path.GetFileName(span.Path)) ? Path.GetFileName(span.Path) : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{place}({span.StartLinePosition.Line + 1},{span.StartLinePosition.Character + 1}): error {diagnostic.Id}: {diagnostic.GetMessage(CultureInfo.InvariantCulture)}");
    }

    // libtorch's messages go on with a native stack trace.
    private static string Message(Exception e) => e.Message.Contains("Exception raised from", StringComparison.Ordinal) ? e.Message.Split('\n', 2)[0].TrimEnd() : e.Message;

    private static string Place(string file) => CellName().Match(Path.GetFileName(file)) is { Success: true } cell ? $"cell {cell.Groups[1].Value}" : Path.GetFileName(file);

    private static bool IsCellBody(MethodBase method) =>
        method.DeclaringType?.FullName is { } name && name.StartsWith("Submission#", StringComparison.Ordinal) && (name.Contains("<<Initialize>>", StringComparison.Ordinal) || method.Name == "<Initialize>");

    private static string Call(MethodBase method)
    {
        string type = method.DeclaringType?.FullName ?? "";
        type = Submission().Replace(type, "").TrimStart('+').Replace('+', '.');
        Match machine = StateMachine().Match(type);
        string name = machine.Success ? machine.Groups[1].Value : LocalFunction().Match(method.Name) is { Success: true } local ? local.Groups[1].Value : method.Name;
        if (machine.Success) type = type[..machine.Index].TrimEnd('.');
        return $"{(type.Length > 0 ? type + "." : "")}{name}({string.Join(", ", machine.Success ? [] : method.GetParameters().Select(p => p.ParameterType.Name))})";
    }

    [GeneratedRegex(@"^cell-(\d+)\.csx$")]
    private static partial Regex CellName();

    [GeneratedRegex(@"^Submission#\d+")]
    private static partial Regex Submission();

    [GeneratedRegex(@"<+([A-Za-z0-9_]+)>+d__\d+.*$")]
    private static partial Regex StateMachine();

    [GeneratedRegex(@"^<.*>g__(\w+)\|")]
    private static partial Regex LocalFunction();
}
