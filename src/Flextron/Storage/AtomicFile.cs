using System.Text;

namespace Flextron.Storage;

/// <summary>Writes files so that a reader, or a crash, sees either the old content or the new, never a part: temporary file, flush, rename.</summary>
public static class AtomicFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Writes text as UTF-8 without a byte-order mark.</summary>
    /// <exception cref="FlextronException">The file cannot be written.</exception>
    public static void WriteAllText(string path, string text) => Write(path, s => s.Write(Utf8.GetBytes(text)));

    /// <summary>Writes bytes.</summary>
    /// <exception cref="FlextronException">The file cannot be written.</exception>
    public static void WriteAllBytes(string path, ReadOnlyMemory<byte> bytes) => Write(path, s => s.Write(bytes.Span));

    /// <summary>Lets <paramref name="content"/> fill a temporary file beside the target, then renames it. The folder is created if needed.</summary>
    /// <param name="path">The target.</param>
    /// <param name="content">Writes the whole content.</param>
    /// <exception cref="FlextronException">The file cannot be written (no permission, disk full); the old content stays.</exception>
    public static void Write(string path, Action<Stream> content)
    {
        ArgumentNullException.ThrowIfNull(content);
        string full = Path.GetFullPath(path);
        string temporary = $"{full}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16))
            {
                content(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"Cannot write {path}: {e.Message} Free some space or choose another place; what was there before is unchanged.", e);
        }
        finally
        {
            if (File.Exists(temporary)) File.Delete(temporary);
        }
    }
}
