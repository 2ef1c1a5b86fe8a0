using System.Text;

namespace Flextron.Data.Records;

/// <summary>Reading failures as one sentence.</summary>
internal static class DataFile
{
    /// <summary>UTF-8 that refuses invalid bytes instead of replacing them.</summary>
    public static UTF8Encoding StrictUtf8 { get; } = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>A whole text file, a byte-order mark left out.</summary>
    /// <exception cref="FlextronException">It cannot be read, or is not UTF-8.</exception>
    public static string ReadText(string path)
    {
        byte[] bytes = Guard(path, () => File.ReadAllBytes(path));
        ReadOnlySpan<byte> text = bytes;
        if (text.StartsWith(Encoding.UTF8.Preamble)) text = text[Encoding.UTF8.Preamble.Length..];
        try
        {
            return StrictUtf8.GetString(text);
        }
        catch (DecoderFallbackException e)
        {
            throw NotUtf8(path, 1 + text[..Math.Clamp(e.Index, 0, text.Length)].Count((byte)'\n'), e);
        }
    }

    /// <summary>What to throw where a text is not UTF-8.</summary>
    public static FlextronException NotUtf8(string path, int line, DecoderFallbackException e) =>
        new($"{path}, at or after line {line}: the text is not UTF-8; convert the file or get it again.", e);

    /// <summary>Runs a read of a file.</summary>
    /// <exception cref="FlextronException">It cannot be read.</exception>
    public static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"Cannot read {path}: {e.Message}", e);
        }
    }
}
