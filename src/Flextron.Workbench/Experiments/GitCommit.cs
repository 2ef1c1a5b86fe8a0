namespace Flextron.Workbench.Experiments;

/// <summary>Which commit of the source a result was made with.</summary>
/// <param name="Id">The commit's id in hexadecimal.</param>
/// <param name="Branch">The branch, or null where HEAD is detached.</param>
/// <param name="Dirty">Whether the working tree differs from the commit (outputs under <c>runs/</c> aside); null where git is not installed.</param>
public sealed record GitCommit(string Id, string? Branch, bool? Dirty)
{
    private const int MaxLinks = 5;

    /// <summary>Reads the commit of the repository that holds a folder: from the repository's files, so that git need not be installed.</summary>
    /// <returns>Null outside a repository, in one without a commit, or where it cannot be read.</returns>
    public static GitCommit? Find(string folder)
    {
        for (DirectoryInfo? at = new(Path.GetFullPath(folder)); at is not null; at = at.Parent)
        {
            string git = Path.Combine(at.FullName, ".git");
            if (!Directory.Exists(git) && !File.Exists(git)) continue;
            try
            {
                if (Read(git) is not { } found) return FromGit(at.FullName);
                return found with { Dirty = FindChanges(at.FullName) };
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                return null;
            }
        }
        return null;
    }

    private static GitCommit? Read(string git)
    {
        if (File.Exists(git))
        {
            // A worktree or submodule: the file names the real folder.
            string text = FirstLine(git);
            if (!text.StartsWith("gitdir:", StringComparison.Ordinal)) return null;
            git = Path.GetFullPath(text["gitdir:".Length..].Trim(), Path.GetDirectoryName(git)!);
        }
        string common = File.Exists(Path.Combine(git, "commondir")) ? Path.GetFullPath(FirstLine(Path.Combine(git, "commondir")), git) : git;
        if (!File.Exists(Path.Combine(git, "HEAD"))) return null;

        string head = FirstLine(Path.Combine(git, "HEAD"));
        string? branch = head.StartsWith("ref: refs/heads/", StringComparison.Ordinal) ? head["ref: refs/heads/".Length..] : null;
        for (int i = 0; i < MaxLinks && head.StartsWith("ref:", StringComparison.Ordinal); i++)
        {
            string name = head["ref:".Length..].Trim();
            if (!name.StartsWith("refs/", StringComparison.Ordinal) || name.Split('/').Contains("..")) return null;
            if (ReadReference(git, common, name) is not { } next) return null;
            head = next;
        }
        return IsId(head) ? new GitCommit(head, branch, null) : null;
    }

    private static string? ReadReference(string git, string common, string name)
    {
        foreach (string folder in new[] { git, common })
        {
            string file = Path.Combine(folder, name);
            if (File.Exists(file)) return FirstLine(file);
        }
        string packed = Path.Combine(common, "packed-refs");
        if (!File.Exists(packed)) return null;
        foreach (string line in File.ReadLines(packed))
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space > 0 && line[0] is not ('#' or '^') && line.AsSpan(space + 1).TrimEnd().SequenceEqual(name)) return line[..space];
        }
        return null;
    }

    private static GitCommit? FromGit(string folder)
    {
        string? id = ToolOutput.TryRun("git", folder, "rev-parse", "HEAD")?.Trim();
        return id is not null && IsId(id) ? new GitCommit(id, null, FindChanges(folder)) : null;
    }

    private static bool? FindChanges(string folder)
    {
        string? changes = ToolOutput.TryRun("git", folder,
            "--no-optional-locks", "status", "--porcelain", "--untracked-files=all", "--", ":/", ":(top,exclude,glob)**/runs/**");
        return changes is null ? null : changes.Trim().Length > 0;
    }

    private static bool IsId(string text) => text.Length is 40 or 64 && text.All(char.IsAsciiHexDigit);

    private static string FirstLine(string path)
    {
        using var reader = new StreamReader(path);
        var buffer = new char[4096];
        int count = reader.ReadBlock(buffer);
        string text = new(buffer, 0, count);
        int end = text.IndexOfAny(['\r', '\n']);
        return (end < 0 ? text : text[..end]).Trim();
    }
}
