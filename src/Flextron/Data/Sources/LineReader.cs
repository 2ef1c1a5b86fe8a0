namespace Flextron.Data.Sources;

/// <summary>Lines of a text of any size with a bound on their length, which <see cref="TextReader.ReadLine"/> has not.</summary>
/// <param name="reader">The text.</param>
/// <param name="longest">Characters of a line at most.</param>
internal sealed class LineReader(TextReader reader, int longest)
{
    private char[] buffer = new char[1 << 14];
    private int start, end;
    private bool finished;

    /// <summary>Number of the line last read, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Whether the line last read was cut at the bound: its rest follows as further lines.</summary>
    public bool WasCut { get; private set; }

    /// <summary>The next line without its end (LF, CR LF or CR), or null at the end of the text.</summary>
    public string? Read()
    {
        if (!WasCut) Number++;
        WasCut = false;
        int searched = 0;
        while (true)
        {
            int at = buffer.AsSpan(start + searched, end - start - searched).IndexOfAny('\n', '\r');
            if (at >= 0)
            {
                at += searched;
                // Whether a CR stands alone is known only from the character behind it.
                if (buffer[start + at] == '\n' || start + at + 1 < end || finished)
                    return Take(at, buffer[start + at] == '\r' && start + at + 1 < end && buffer[start + at + 1] == '\n' ? 2 : 1);
                searched = at;
            }
            else
            {
                searched = end - start;
                if (searched >= longest) return Cut();
                if (finished) return searched > 0 ? Take(searched, 0) : null;
            }
            Fill();
        }
    }

    private string Take(int length, int ending)
    {
        string line = new(buffer, start, length);
        start += length + ending;
        return line;
    }

    private string Cut()
    {
        WasCut = true;
        return Take(DocumentCut.At(buffer.AsSpan(start, longest)), 0);
    }

    private void Fill()
    {
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
        }
        if (end == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
        int read = reader.Read(buffer, end, buffer.Length - end);
        finished = read == 0;
        end += read;
    }
}
