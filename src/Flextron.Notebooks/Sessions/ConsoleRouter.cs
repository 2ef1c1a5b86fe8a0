using System.Text;
using Flextron.Notebooks.Display;

namespace Flextron.Notebooks.Sessions;

/// <summary>Sends what a cell writes to the console to that cell's output; what anything else writes goes where it went before.</summary>
internal sealed class ConsoleRouter(string name, TextWriter elsewhere) : TextWriter
{
    private static readonly Lock Gate = new();
    private static bool installed;

    /// <inheritdoc/>
    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>Takes the place of the console's writers, once per process.</summary>
    public static void Install()
    {
        lock (Gate)
        {
            if (installed) return;
            Console.SetOut(Synchronized(new ConsoleRouter("stdout", Console.Out)));
            Console.SetError(Synchronized(new ConsoleRouter("stderr", Console.Error)));
            installed = true;
        }
    }

    /// <inheritdoc/>
    public override void Write(char value) => Write(value.ToString());

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    /// <inheritdoc/>
    public override void Write(string? value)
    {
        if (string.IsNullOrEmpty(value)) return;
        if (CellContext.Current is { } cell) cell.Output.Stream(name, value);
        else elsewhere.Write(value);
    }

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Write(value + "\n");

    /// <inheritdoc/>
    public override void WriteLine() => Write("\n");

    /// <inheritdoc/>
    public override void Flush() => elsewhere.Flush();
}
