namespace Flextron.Notebooks.Sessions;

/// <summary>Keeps a runaway cell from filling memory and notebook files: so much console text is kept, the rest is left out, and that is said.</summary>
internal sealed class ConsoleLimit
{
    /// <summary>Characters that are kept of one cell.</summary>
    public const int Longest = 4_000_000;

    /// <summary>What stands in place of the rest.</summary>
    public const string Notice = "\n… further console output of this cell is left out\n";

    private long written;

    /// <summary>What is kept of a text; null for nothing. Not safe for several threads.</summary>
    public string? Take(string text)
    {
        if (written > Longest) return null;
        long room = Longest - written;
        written += text.Length;
        return text.Length <= room ? text : text[..(int)room] + Notice;
    }
}
