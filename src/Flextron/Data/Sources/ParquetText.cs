using Flextron.Data.Records;
using Parquet;
using Parquet.Schema;

namespace Flextron.Data.Sources;

/// <summary>One document a row, from a column of text; a row group at a time is in memory.</summary>
internal static class ParquetText
{
    /// <summary>Reads a file; null values are passed over.</summary>
    public static IEnumerable<string> Read(string file, string field)
    {
        ParquetReader reader = ParquetFile.Guard(file, () => ParquetReader.CreateAsync(file));
        try
        {
            DataField[] columns = ParquetFile.Guard(file, () => Task.FromResult(reader.Schema.DataFields.Where(f => f.Path.Length == 1 && f.ClrType == typeof(ReadOnlyMemory<char>)).ToArray()));
            DataField column = columns.FirstOrDefault(f => f.Name == field) ?? throw new FlextronException(
                $"{file} has no text column \"{field}\": its text columns are {(columns.Length > 0 ? string.Join(", ", columns.Take(12).Select(f => f.Name)) : "none")}.");
            for (int group = 0; group < reader.RowGroupCount; group++)
            {
                string?[] texts = ParquetFile.Guard(file, () => Column(reader, group, column));
                foreach (string? text in texts)
                {
                    if (text is not null) yield return text;
                }
            }
        }
        finally
        {
            ParquetFile.Guard(file, async () =>
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
}
