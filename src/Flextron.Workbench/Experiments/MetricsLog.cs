using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Storage;

namespace Flextron.Workbench.Experiments;

/// <summary>
/// Measured values as JSON lines: every row is handed to the system before <see cref="Write"/> returns, so that a crash loses at most the
/// row being written, and <see cref="Read"/> takes a torn last line as not written. Safe to use from several threads.
/// </summary>
public sealed class MetricsLog : IDisposable
{
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly Action<JsonObject>? _forward;
    private FileStream? _stream;
    private bool _disposed;

    /// <summary>Opens a log; the file appears with the first row, and an existing one is continued after its last whole line.</summary>
    /// <param name="path">The file.</param>
    public MetricsLog(string path) : this(path, null) { }

    internal MetricsLog(string path, Action<JsonObject>? forward)
    {
        _path = path;
        _forward = forward;
    }

    /// <summary>Appends a row.</summary>
    /// <param name="row">An object whose properties are the fields: <c>new { step = 3, loss = 2.1 }</c>, a record, a dictionary or a <see cref="JsonObject"/>.</param>
    /// <exception cref="FlextronException">The file cannot be written.</exception>
    /// <exception cref="ArgumentException">The row is no object.</exception>
    public void Write(object row)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (CanonicalJson.Of(row) is not JsonObject fields) throw new ArgumentException("A row of metrics is an object with named fields.", nameof(row));
        byte[] line = Encoding.UTF8.GetBytes(fields.ToJsonString(FlextronJson.Compact) + "\n");
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            try
            {
                _stream ??= Open();
                _stream.Write(line);
                _stream.Flush();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new FlextronException($"Cannot append to {_path}: {e.Message} Free some space or choose another place.", e);
            }
            _forward?.Invoke(fields);
        }
    }

    /// <summary>All rows of a file; none where there is no file.</summary>
    /// <exception cref="FlextronException">A line other than a torn last one is no JSON object.</exception>
    public static IReadOnlyList<MetricRow> Read(string path)
    {
        var rows = new List<MetricRow>();
        if (!File.Exists(path)) return rows;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        for (int number = 1; reader.ReadLine() is { } line; number++)
        {
            try
            {
                if (line.Length > 0) rows.Add(new MetricRow(JsonNode.Parse(line) as JsonObject ?? throw new JsonException("it is no object")));
            }
            catch (JsonException e)
            {
                if (reader.Peek() < 0) break;
                throw new FlextronException($"Line {number} of {path} is not a JSON object: {e.Message.ReplaceLineEndings(" ")} Remove the line to read the rest.", e);
            }
        }
        return rows;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _stream?.Dispose();
        }
    }

    private FileStream Open()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
        var stream = new FileStream(_path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        long end = stream.Length;
        // A torn last line goes, or the next row would be glued to it.
        while (end > 0)
        {
            stream.Position = end - 1;
            if (stream.ReadByte() == '\n') break;
            end--;
        }
        stream.SetLength(end);
        stream.Position = end;
        return stream;
    }
}
