using System.Globalization;
using System.Text;
using Flextron.Data.Sources;
using Flextron.Storage;

namespace Flextron.Data;

/// <summary>
/// Text from files, as a stream of documents: a file, a folder (everything readable below it) or a pattern such as <c>texts/**/*.jsonl</c>.
/// <list type="bullet">
/// <item><c>.jsonl</c>, <c>.parquet</c>: one document a row, from the named field.</item>
/// <item>Anything else is UTF-8 text, cut at lines of <see cref="Separator"/> or, where a file has none, at blank lines into pieces of at least
/// 2,000 characters. A document of more than four million characters is cut at the last line break or space before that.</item>
/// <item>A further <c>.gz</c> is unpacked while reading.</item>
/// </list>
/// Documents without any text are left out.
/// </summary>
public static class TextCorpus
{
    /// <summary>What separates documents in a plain text file.</summary>
    public const string Separator = PlainText.Separator;

    /// <summary>The field that is read where none is named.</summary>
    public const string DefaultField = "text";

    /// <summary>Finds the files; they are read when the documents are enumerated.</summary>
    /// <param name="path">A file, a folder, or a pattern with <c>*</c>, <c>?</c> or <c>**</c>.</param>
    /// <param name="field">Field of jsonl and parquet rows.</param>
    /// <exception cref="FlextronException">
    /// There is no such file. While enumerating: a file cannot be read, a row has no such text, or there was no text at all.
    /// </exception>
    public static DocumentSource Open(string path, string field = DefaultField)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(field);
        IReadOnlyList<string> files = CorpusFiles.Find(path);
        var stamp = new StringBuilder(field).Append('\n');
        foreach (FileInfo file in files.Select(f => new FileInfo(f)))
            stamp.Append(CultureInfo.InvariantCulture, $"{file.FullName}\n{file.Length} {file.LastWriteTimeUtc.Ticks}\n");
        return new DocumentSource(path, ContentHash.OfText($"{Path.GetFullPath(path)}\n{field}"), ContentHash.OfText(stamp.ToString()), Read(path, files, field));
    }

    /// <summary>The documents of <see cref="Open"/>.</summary>
    public static IEnumerable<string> Documents(string path, string field = DefaultField) => Open(path, field).Documents;

    private static IEnumerable<string> Read(string path, IReadOnlyList<string> files, string field)
    {
        bool any = false;
        foreach (string file in files)
        {
            IEnumerable<string> documents = CorpusFiles.FormatOf(file) switch
            {
                ".jsonl" => JsonLinesText.Read(file, field),
                ".parquet" => ParquetText.Read(file, field),
                _ => PlainText.Read(file),
            };
            foreach (string document in documents)
            {
                if (string.IsNullOrWhiteSpace(document)) continue;
                any = true;
                yield return document;
            }
        }
        if (!any) throw new FlextronException($"The corpus {path} is empty: give a file with text in it.");
    }
}
