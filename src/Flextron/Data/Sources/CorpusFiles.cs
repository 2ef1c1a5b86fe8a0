using System.IO.Compression;
using Microsoft.Extensions.FileSystemGlobbing;
using Microsoft.Extensions.FileSystemGlobbing.Abstractions;

namespace Flextron.Data.Sources;

/// <summary>Finds and opens the files of a corpus.</summary>
internal static class CorpusFiles
{
    private static readonly string[] Formats = [".txt", ".text", ".md", ".jsonl", ".parquet"];

    /// <summary>The files that a path stands for, in ordinal order of their paths.</summary>
    public static IReadOnlyList<string> Find(string path)
    {
        if (File.Exists(path)) return [Path.GetFullPath(path)];
        try
        {
            string[] files = Directory.Exists(path) ? InFolder(path) : path.AsSpan().IndexOfAny('*', '?') >= 0 ? Matching(path) : [];
            if (files.Length > 0) return [.. files.Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new FlextronException($"{path} cannot be searched: {e.Message}", e);
        }
        throw new FlextronException(Directory.Exists(path)
            ? $"The folder {path} has no {string.Join(", ", Formats)} file (.gz allowed): give a folder with text in it."
            : $"There is no corpus at {path}: give a text, .jsonl or .parquet file, a folder of them, or a pattern such as texts/*.jsonl.");
    }

    /// <summary>The extension that names the format, without a closing <c>.gz</c>, in lower case.</summary>
    public static string FormatOf(string file) => Path.GetExtension(IsPacked(file) ? Path.GetFileNameWithoutExtension(file) : file).ToLowerInvariant();

    /// <summary>Opens a file for reading from its beginning, unpacked.</summary>
    public static Stream Open(string file)
    {
        var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        return IsPacked(file) ? new GZipStream(stream, CompressionMode.Decompress) : stream;
    }

    /// <summary>Reading failures as one sentence.</summary>
    public static bool IsReadFailure(Exception e) => e is IOException or InvalidDataException or UnauthorizedAccessException;

    /// <summary>The sentence.</summary>
    public static FlextronException Unreadable(string file, Exception e) => new($"{file} cannot be read: {e.Message.ReplaceLineEndings(" ")}", e);

    private static bool IsPacked(string file) => file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    private static string[] InFolder(string folder) =>
        [.. Directory.EnumerateFiles(Path.GetFullPath(folder), "*", SearchOption.AllDirectories).Where(f => Formats.Contains(FormatOf(f)))];

    // The fixed front of the pattern is the folder to search; what follows is matched.
    private static string[] Matching(string pattern)
    {
        string[] parts = pattern.Replace('\\', Path.DirectorySeparatorChar).Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar);
        int variable = Array.FindIndex(parts, p => p.AsSpan().IndexOfAny('*', '?') >= 0);
        string root = string.Join(Path.DirectorySeparatorChar, parts[..variable]);
        if (root.Length == 0) root = pattern[0] is '/' or '\\' ? Path.DirectorySeparatorChar.ToString() : ".";
        if (!Directory.Exists(root)) return [];
        // The package knows no '?': it is matched as '*' first and by the shell's rule after that.
        var matcher = new Matcher(StringComparison.Ordinal).AddInclude(string.Join('/', parts[variable..]).Replace('?', '*'));
        IEnumerable<string> found = matcher.Execute(new DirectoryInfoWrapper(new DirectoryInfo(root))).Files.Select(f => f.Path);
        string last = parts[^1];
        if (last.Contains('?', StringComparison.Ordinal))
            found = found.Where(f => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(last, Path.GetFileName(f), ignoreCase: false));
        return [.. found.Select(f => Path.GetFullPath(Path.Combine(root, f)))];
    }
}
