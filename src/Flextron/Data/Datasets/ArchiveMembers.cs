using System.Formats.Tar;
using System.IO.Compression;
using Flextron.Storage;

namespace Flextron.Data.Datasets;

/// <summary>
/// Takes named members out of a <c>.zip</c>, <c>.tar</c> or <c>.tar.gz</c>. Where they go is what the manifest says, never what the archive says; members
/// that are links or anything but plain files are refused.
/// </summary>
internal static class ArchiveMembers
{
    private const long LargestMember = 2L << 30;
    private const int MostMembers = 100_000;

    /// <summary>Whether a file of that name is an archive that can be read.</summary>
    public static bool IsArchive(string name) => KindOf(name) is not null;

    /// <summary>Unpacks members.</summary>
    /// <param name="archive">The file.</param>
    /// <param name="name">Its published name, which tells the kind.</param>
    /// <param name="files">What to take and where to put it.</param>
    /// <param name="folder">Where.</param>
    /// <exception cref="FlextronException">A member is missing, doubled, too large or no plain file, or the archive is damaged.</exception>
    public static void Unpack(string archive, string name, IReadOnlyList<DatasetFile> files, string folder)
    {
        var missing = new HashSet<DatasetFile>(files);
        var written = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        void Take(string member, Func<Stream?> open)
        {
            DatasetFile? wanted = files.FirstOrDefault(f => Matches(f.Member!, member));
            if (wanted is null) return;
            string target = wanted.Name.Replace("*", member[(member.LastIndexOf('/') + 1)..], StringComparison.Ordinal);
            using Stream content = open() ?? throw new FlextronException($"{name} holds {member} as something else than a plain file: get the archive again.");
            if (!written.Add(target)) throw new FlextronException($"{name} holds {member} twice: get the archive again.");
            AtomicFile.Write(Path.Combine(folder, target), stream => Copy(content, stream, $"{member} of {name}"));
            missing.Remove(wanted);
        }

        try
        {
            if (KindOf(name) == ".zip") Zip(archive, name, Take);
            else Tar(archive, name, Take);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or FormatException or NotSupportedException)
        {
            throw new FlextronException($"{name} is not a readable archive: {e.Message.ReplaceLineEndings(" ")} Get it again.", e);
        }
        if (missing.Count > 0) throw new FlextronException($"{name} has no {string.Join(", ", missing.Select(m => m.Member))}: its makers have changed it; add a copy of the old one.");
    }

    private static void Zip(string archive, string name, Action<string, Func<Stream?>> take)
    {
        using ZipArchive zip = ZipFile.OpenRead(archive);
        if (zip.Entries.Count > MostMembers) throw TooMany(name);
        // The upper half of the attributes is the Unix mode, where the archive has one: 0xA000 marks a symbolic link.
        foreach (ZipArchiveEntry entry in zip.Entries) take(entry.FullName, () => ((entry.ExternalAttributes >> 16) & 0xF000) is 0 or 0x8000 ? entry.Open() : null);
    }

    private static void Tar(string archive, string name, Action<string, Func<Stream?>> take)
    {
        using FileStream file = File.OpenRead(archive);
        using Stream stream = KindOf(name) == ".tar" ? file : new GZipStream(file, CompressionMode.Decompress);
        using var tar = new TarReader(stream);
        int count = 0;
        while (tar.GetNextEntry() is { } entry)
        {
            if (++count > MostMembers) throw TooMany(name);
            bool plain = entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile;
            take(entry.Name, () => plain ? entry.DataStream ?? Stream.Null : null);
        }
    }

    private static FlextronException TooMany(string name) => new($"{name} has more than {MostMembers} members: it is not the archive it should be.");

    private static void Copy(Stream from, Stream to, string what)
    {
        byte[] buffer = new byte[1 << 16];
        long total = 0;
        for (int read; (read = from.Read(buffer)) > 0; to.Write(buffer, 0, read))
        {
            if ((total += read) > LargestMember) throw new FlextronException($"{what} unpacks to more than {LargestMember >> 30} GiB: it is not the file it should be.");
        }
    }

    // A star stands for one file name of plain characters in the last part.
    private static bool Matches(string pattern, string member)
    {
        if (!pattern.Contains('*', StringComparison.Ordinal)) return pattern == member;
        int slash = pattern.LastIndexOf('/') + 1, star = pattern.IndexOf('*', slash);
        string head = pattern[..star], tail = pattern[(star + 1)..];
        return member.Length > head.Length + tail.Length && member.StartsWith(head, StringComparison.Ordinal) && member.EndsWith(tail, StringComparison.Ordinal)
            && member[slash] != '.' && member[slash..].All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
    }

    private static string? KindOf(string name) => ((string[])[".zip", ".tar", ".tar.gz", ".tgz"]).FirstOrDefault(k => name.EndsWith(k, StringComparison.OrdinalIgnoreCase));
}
