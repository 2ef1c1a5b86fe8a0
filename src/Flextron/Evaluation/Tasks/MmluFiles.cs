using Flextron.Data.Records;

namespace Flextron.Evaluation.Tasks;

/// <summary>The files that MMLU may lie in: a file per subject in <c>test</c> and <c>dev</c>, or one per split with a column of subjects.</summary>
internal static class MmluFiles
{
    /// <summary>The one file of a split, in the folder itself or in the hub's <c>all</c>; null where there is none.</summary>
    public static string? Find(string folder, string split) =>
        ((string[])[folder, Path.Combine(folder, "all")]).SelectMany(f => SplitFiles.Candidates(Path.Combine(f, split + ".jsonl"))).FirstOrDefault(File.Exists);

    /// <summary>Whether a folder holds the test questions in either form.</summary>
    public static bool IsMmlu(string folder)
    {
        if (Find(folder, "test") is not null) return true;
        string test = Path.Combine(folder, "test");
        return Directory.Exists(test) && DataFile.Guard(test, () => Directory.EnumerateFiles(test, "*_test.csv").Any());
    }

    /// <summary>Everything that evaluating needs, relative to the folder.</summary>
    public static IReadOnlyList<string> All(string folder)
    {
        string[] files = Find(folder, "test") is string test
            ? [.. new[] { test, Find(folder, "dev") }.OfType<string>()]
            : [.. new[] { "test", "dev" }.Select(s => Path.Combine(folder, s)).Where(Directory.Exists).SelectMany(f => DataFile.Guard(f, () => Directory.GetFiles(f, "*.csv")))];
        return [.. files.Select(f => Path.GetRelativePath(folder, f)).Order(StringComparer.Ordinal)];
    }
}
