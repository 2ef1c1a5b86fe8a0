using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Flextron.Data.Datasets;

namespace Flextron.Tests.Data.Datasets;

public sealed class ArchiveMembersTests
{
    private static readonly DatasetFile[] Wanted = [new("valid.jsonl", "set/dev.jsonl"), new("test/*", "set/test/*_test.csv")];

    [Theory]
    [InlineData("a.zip")]
    [InlineData("a.tar")]
    [InlineData("a.tar.gz")]
    public void NamedMembersGoWhereTheManifestSays(string name)
    {
        using TemporaryFolder folder = TestData.Temporary();
        Write(folder[name], ("set/dev.jsonl", "dev"), ("set/train.jsonl", "train"), ("set/test/a_test.csv", "a"), ("set/test/b_test.csv", "b"), ("set/test/c_val.csv", "c"), ("../set/dev.jsonl", "escape"));
        ArchiveMembers.Unpack(folder[name], name, Wanted, folder["out"]);
        Assert.Equal(["test/a_test.csv=a", "test/b_test.csv=b", "valid.jsonl=dev"], Files(folder["out"]));
        Assert.True(ArchiveMembers.IsArchive(name));
    }

    // None of these names may become a path: they match nothing, so that what is wanted is missing.
    [Theory]
    [InlineData("set/test/../../../x_test.csv")]
    [InlineData("set/test/sub/x_test.csv")]
    [InlineData("set/test/..\\x_test.csv")]
    [InlineData("set/test/.x_test.csv")]
    [InlineData("/set/test/x_test.csv")]
    public void NoMemberLeadsOutOfTheFolder(string member)
    {
        foreach (string name in (string[])["a.zip", "a.tar"])
        {
            using TemporaryFolder folder = TestData.Temporary();
            Write(folder[name], ("set/dev.jsonl", "dev"), (member, "escape"));
            string message = Assert.Throws<FlextronException>(() => ArchiveMembers.Unpack(folder[name], name, Wanted, folder["in/out"])).Message;
            Assert.Contains($"{name} has no set/test/*_test.csv", message, StringComparison.Ordinal);
            Assert.Equal(["in/out/valid.jsonl=dev"], Files(folder.Path).Where(f => !f.StartsWith("a.", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void LinksDoublesAndDamageAreRefused()
    {
        using TemporaryFolder folder = TestData.Temporary();
        using (var tar = new TarWriter(File.Create(folder["a.tar"])))
            tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "set/dev.jsonl") { LinkName = "/etc/passwd" });
        Assert.Contains("something else than a plain file", Refused("a.tar"), StringComparison.Ordinal);
        using (var zip = new ZipArchive(File.Create(folder["a.zip"]), ZipArchiveMode.Create))
        {
            ZipArchiveEntry link = zip.CreateEntry("set/dev.jsonl");
            link.ExternalAttributes = unchecked((int)0xA1FF0000);
            using Stream stream = link.Open();
            stream.Write("/etc/passwd"u8);
        }
        Assert.Contains("something else than a plain file", Refused("a.zip"), StringComparison.Ordinal);
        Write(folder["b.tar"], ("set/dev.jsonl", "one"), ("set/dev.jsonl", "two"));
        Assert.Contains("set/dev.jsonl twice", Refused("b.tar"), StringComparison.Ordinal);
        Write(folder["c.zip"], ("set/dev.jsonl", new string('x', 10_000)));
        byte[] bytes = File.ReadAllBytes(folder["c.zip"]);
        File.WriteAllBytes(folder["d.zip"], bytes[..(bytes.Length / 2)]);
        Assert.Contains("not a readable archive", Refused("d.zip"), StringComparison.Ordinal);
        File.WriteAllText(folder["e.tar.gz"], "not packed");
        Assert.Contains("not a readable archive", Refused("e.tar.gz"), StringComparison.Ordinal);

        string Refused(string name) => Assert.Throws<FlextronException>(() => ArchiveMembers.Unpack(folder[name], name, Wanted[..1], folder["out"])).Message;
    }

    internal static void Write(string path, params (string Name, string Text)[] members)
    {
        using FileStream file = File.Create(path);
        if (path.EndsWith(".zip", StringComparison.Ordinal))
        {
            using var zip = new ZipArchive(file, ZipArchiveMode.Create);
            foreach ((string name, string text) in members)
            {
                using Stream stream = zip.CreateEntry(name).Open();
                stream.Write(Encoding.UTF8.GetBytes(text));
            }
            return;
        }
        using Stream packed = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file;
        using var tar = new TarWriter(packed);
        foreach ((string name, string text) in members)
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
    }

    private static string[] Files(string folder) => [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
        .Select(f => $"{Path.GetRelativePath(folder, f).Replace('\\', '/')}={File.ReadAllText(f)}").Order(StringComparer.Ordinal)];
}
