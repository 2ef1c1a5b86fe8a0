using System.Text;

namespace Flextron.Data.Records;

/// <summary>
/// Comma-separated values by RFC 4180: fields may be quoted, a quoted field may hold commas, line breaks and doubled quotes. Rows end in LF or
/// CR LF; blank rows are skipped.
/// </summary>
public static class CsvReader
{
    /// <summary>Reads a file.</summary>
    /// <returns>Each row with the number of the line where it starts, from 1.</returns>
    /// <exception cref="FlextronException">The file cannot be read, is not UTF-8, or its quoting is broken (named by line).</exception>
    public static IReadOnlyList<(int Line, string[] Fields)> Read(string path)
    {
        if (!File.Exists(path)) throw new FlextronException($"There is no file {path}: check the path.");
        return Parse(DataFile.ReadText(path), path);
    }

    /// <summary>Parses text; <paramref name="name"/> stands for it in messages.</summary>
    public static IReadOnlyList<(int Line, string[] Fields)> Parse(string text, string name)
    {
        var rows = new List<(int, string[])>();
        var fields = new List<string>();
        var field = new StringBuilder();
        int line = 1, rowLine = 1, at = 0;
        while (at < text.Length)
        {
            field.Clear();
            bool quoted = text[at] == '"';
            if (quoted) ReadQuoted();
            else ReadPlain();
            fields.Add(field.ToString());

            if (at < text.Length && text[at] == ',')
            {
                at++;
                // A comma at the very end of the file leaves one more, empty, field.
                if (at == text.Length) fields.Add("");
                else continue;
            }
            if (fields.Count > 1 || fields[0].Length > 0 || quoted) rows.Add((rowLine, fields.ToArray()));
            fields.Clear();
            if (at < text.Length) at += text[at] == '\r' ? 2 : 1;
            rowLine = ++line;
        }
        return rows;

        bool AtRowEnd() => text[at] == '\n' || (text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n');

        void ReadPlain()
        {
            int start = at;
            while (at < text.Length && text[at] != ',' && !AtRowEnd()) at++;
            field.Append(text, start, at - start);
        }

        void ReadQuoted()
        {
            int opened = line;
            for (at++; ; at++)
            {
                if (at >= text.Length)
                    throw new FlextronException($"{name}, line {opened}: a quoted field does not end; close its quote or get the file again.");
                if (text[at] == '"')
                {
                    if (at + 1 >= text.Length || text[at + 1] != '"') break;
                    at++;
                }
                if (text[at] == '\n') line++;
                field.Append(text[at]);
            }
            at++;
            if (at < text.Length && text[at] != ',' && !AtRowEnd())
                throw new FlextronException($"{name}, line {line}: text follows a closing quote; double the quotes inside the field or get the file again.");
        }
    }
}
