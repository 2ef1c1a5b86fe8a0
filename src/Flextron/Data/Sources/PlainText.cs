using System.Text;

namespace Flextron.Data.Sources;

/// <summary>Documents of a plain text file, in memory for one document at a time.</summary>
internal static class PlainText
{
    /// <summary>What separates documents.</summary>
    public const string Separator = "<|endoftext|>";

    private const int ParagraphDocument = 2000;

    /// <summary>Reads a file; bytes that are not UTF-8 become U+FFFD.</summary>
    public static IEnumerable<string> Read(string file)
    {
        using StreamReader reader = Guard(file, () => new StreamReader(CorpusFiles.Open(file), Encoding.UTF8));
        IEnumerable<string> documents = Guard(file, () => HasSeparator(file)) ? Separated(reader) : Paragraphs(new LineReader(reader, DocumentCut.Longest));
        using IEnumerator<string> each = documents.GetEnumerator();
        while (Guard(file, each.MoveNext)) yield return each.Current;
    }

    /// <summary>Cuts at <see cref="Separator"/>.</summary>
    internal static IEnumerable<string> Separated(TextReader reader, int longest = DocumentCut.Longest)
    {
        char[] buffer = new char[1 << 14];
        int start = 0, end = 0, searched = 0;
        while (true)
        {
            int at = buffer.AsSpan(start + searched, end - start - searched).IndexOf(Separator);
            if (at >= 0)
            {
                yield return buffer.AsSpan(start, searched + at).Trim().ToString();
                start += searched + at + Separator.Length;
                searched = 0;
                continue;
            }
            // A separator may have begun in the last characters.
            searched = Math.Max(0, end - start - Separator.Length + 1);
            if (searched >= longest)
            {
                int length = DocumentCut.At(buffer.AsSpan(start, longest));
                yield return buffer.AsSpan(start, length).Trim().ToString();
                start += length;
                searched = 0;
                continue;
            }
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
            if (end == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
            int read = reader.Read(buffer, end, buffer.Length - end);
            if (read == 0) break;
            end += read;
        }
        yield return buffer.AsSpan(start, end - start).Trim().ToString();
    }

    /// <summary>Joins paragraphs to documents of at least 2,000 characters.</summary>
    internal static IEnumerable<string> Paragraphs(LineReader lines)
    {
        var document = new StringBuilder();
        bool gap = false;
        while (lines.Read() is { } line)
        {
            if (line.Length > 0)
            {
                if (document.Length > 0) document.Append(gap ? "\n\n" : "\n");
                document.Append(line);
            }
            gap = line.Length == 0;
            if (document.Length >= (gap || lines.WasCut ? ParagraphDocument : DocumentCut.Longest))
            {
                yield return document.ToString();
                document.Clear();
            }
        }
        if (document.Length > 0) yield return document.ToString();
    }

    private static bool HasSeparator(string file)
    {
        byte[] separator = Encoding.UTF8.GetBytes(Separator), buffer = new byte[1 << 16];
        using Stream stream = CorpusFiles.Open(file);
        int kept = 0;
        while (true)
        {
            int read = stream.Read(buffer, kept, buffer.Length - kept);
            if (read == 0) return false;
            ReadOnlySpan<byte> filled = buffer.AsSpan(0, kept + read);
            if (filled.IndexOf(separator) >= 0) return true;
            kept = Math.Min(filled.Length, separator.Length - 1);
            filled[^kept..].CopyTo(buffer);
        }
    }

    private static T Guard<T>(string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (CorpusFiles.IsReadFailure(e))
        {
            throw CorpusFiles.Unreadable(file, e);
        }
    }
}
