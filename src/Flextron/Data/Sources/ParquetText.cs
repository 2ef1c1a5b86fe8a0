using Parquet;
using Parquet.Schema;

namespace Flextron.Data.Sources;

/// <summary>One document a row, from a column of text; a row group at a time is in memory.</summary>
internal static class ParquetText
{
    /// <summary>Reads a file; null values are passed over.</summary>
    public static IEnumerable<string> Read(string file, string field)
    {
        ParquetReader reader = Guard(file, () => ParquetReader.CreateAsync(file));
        try
        {
            DataField[] columns = Guard(file, () => Task.FromResult(reader.Schema.DataFields.Where(f => f.Path.Length == 1 && f.ClrType == typeof(ReadOnlyMemory<char>)).ToArray()));
            DataField column = columns.FirstOrDefault(f => f.Name == field) ?? throw new FlextronException(
                $"{file} has no text column \"{field}\": its text columns are {(columns.Length > 0 ? string.Join(", ", columns.Take(12).Select(f => f.Name)) : "none")}.");
            for (int group = 0; group < reader.RowGroupCount; group++)
            {
                string?[] texts = Guard(file, () => Column(reader, group, column));
                foreach (string? text in texts)
                {
                    if (text is not null) yield return text;
                }
            }
        }
        finally
        {
            Guard(file, async () =>
            {
                await reader.DisposeAsync().ConfigureAwait(false);
                return 0;
            });
        }
    }

    private static async Task<string?[]> Column(ParquetReader reader, int group, DataField column)
    {
        using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
        string?[] texts = new string?[checked((int)rows.RowCount)];
        await rows.ReadAsync(column, texts.AsMemory()!).ConfigureAwait(false);
        return texts;
    }

    // The package throws what it stumbles over; a file from outside may make it stumble over anything, a size beyond all memory included.
    private static T Guard<T>(string file, Func<Task<T>> read)
    {
        try
        {
            return read().GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is not FlextronException)
        {
            throw new FlextronException($"{file} is not a readable parquet file: {e.Message.ReplaceLineEndings(" ")} Get it again.", e);
        }
    }
}
