using System.Globalization;
using System.Text;

namespace Flextron.Workbench.Experiments;

/// <summary>The run's <c>log.txt</c>: a line with the time for each message, handed to the system at once.</summary>
internal sealed class RunLog(string path, TimeProvider clock) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly StreamWriter _writer = new(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read), new UTF8Encoding(false)) { NewLine = "\n", AutoFlush = true };

    public void Write(string text)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{clock.GetUtcNow():yyyy-MM-dd HH:mm:ss.fff} {text.ReplaceLineEndings(" ")}");
        lock (_gate) _writer.WriteLine(line);
    }

    public void Dispose()
    {
        lock (_gate) _writer.Dispose();
    }
}
