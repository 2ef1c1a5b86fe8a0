namespace Flextron.Data.Records;

/// <summary>The names under which the records of a split may lie.</summary>
internal static class SplitFiles
{
    /// <summary>A name as it is, then with the other formats' extensions and as the hub names a split of one part.</summary>
    /// <param name="path">Such as <c>arc_easy/test.jsonl</c>.</param>
    public static IEnumerable<string> Candidates(string path)
    {
        yield return path;
        string extension = Path.GetExtension(path);
        if (!RecordReader.Extensions.Contains(extension)) yield break;
        string stem = path[..^extension.Length];
        foreach (string other in RecordReader.Extensions.Where(e => e != extension)) yield return stem + other;
        yield return stem + "-00000-of-00001.parquet";
    }
}
