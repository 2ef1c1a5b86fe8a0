using System.IO.Compression;
using Flextron.Notebooks.Sessions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Flextron.Tests.Notebooks;

/// <summary>Packages that the host does not carry, by a real <c>dotnet restore</c> from a folder; no network is needed.</summary>
public sealed class PackageRestoreTests : IDisposable
{
    // Nothing listens there: the way it looks without a network.
    private const string Unreachable = "<add key=\"away\" value=\"https://127.0.0.1:9/v3/index.json\" />";

    private readonly TemporaryFolder folder = new();
    private readonly RecordedOutput output = new();
    private int cells;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_foreign_package_is_restored_and_used_with_what_it_depends_on()
    {
        Pack("Foreign.Words", "1.1.0", "namespace Foreign.Words; public static class Word { public static string Hello => \"Hello\"; }");
        Pack("Foreign.Greeting", "2.0.0", "namespace Foreign.Greeting; public static class Greeting { public static string Of(string name) => $\"{Foreign.Words.Word.Hello}, {name}\"; }", "Foreign.Words", "1.1.0");
        Configure("");
        using var session = new NotebookSession(folder.Path, folder["packages"]);
        Assert.Equal("Hello, Ada", await Value(session, "#i \"nuget: feed\"\n#r \"nuget: Foreign.Greeting, 2.0.0\"\nForeign.Greeting.Greeting.Of(\"Ada\")"));
        Assert.Equal("Hello, Bo", await Value(session, "using Foreign.Greeting; Greeting.Of(\"Bo\")"));

        CellResult missing = await session.RunAsync("#r \"nuget: Foreign.Missing, 1.0.0\"", ++cells, output);
        Assert.Contains("Foreign.Missing 1.0.0 cannot be restored: error NU1101", missing.Error!.Message.Replace("Foreign.Greeting 2.0.0, ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        // The session goes on without it.
        Assert.Equal("Hello, Cy", await Value(session, "Greeting.Of(\"Cy\")"));
    }

    [Fact]
    public async Task Without_a_network_a_sentence_says_so_and_a_folder_still_serves()
    {
        Pack("Foreign.Words", "1.1.0", "namespace Foreign.Words; public static class Word { public static string Hello => \"Hello\"; }");
        Configure(Unreachable);
        using var session = new NotebookSession(folder.Path, folder["packages"]);
        CellResult offline = await session.RunAsync("1;\n#r \"nuget: Foreign.Words, 1.1.0\"", ++cells, output);
        Assert.Equal(
            "Foreign.Words 1.1.0 cannot be restored without a network: a package source cannot be reached. Go online, or name a folder that holds the package: #i \"nuget: FOLDER\".", offline.Error!.Message);
        Assert.Equal(2, offline.Error.Line);
        Assert.Equal("Hello", await Value(session, $"#i \"nuget: {folder["feed"].Replace('\\', '/')}\"\n#r \"nuget: Foreign.Words, 1.1.0\"\nForeign.Words.Word.Hello"));
    }

    private async Task<string> Value(NotebookSession session, string code)
    {
        CellResult result = await session.RunAsync(code, ++cells, output);
        Assert.True(result.Succeeded, string.Join('\n', result.Error?.Trace ?? []));
        return output.LastText;
    }

    // The nearest configuration above the restored project counts: no source of the machine's own, and a cache of the test's own.
    private void Configure(string source)
    {
        Directory.CreateDirectory(folder["packages"]);
        File.WriteAllText(folder["packages/NuGet.Config"], $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{folder["cache"]}" /></config>
              <packageSources><clear />{source}</packageSources>
              <fallbackPackageFolders><clear /></fallbackPackageFolders>
            </configuration>
            """);
    }

    private void Pack(string name, string version, string code, string? dependency = null, string dependencyVersion = "")
    {
        IEnumerable<MetadataReference> references = AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!.ToString()!.Split(Path.PathSeparator)
            .Where(p => Path.GetFileName(p) is "System.Private.CoreLib.dll" or "System.Runtime.dll").Concat(Directory.GetFiles(folder.Path, "*.dll")).Select(p => MetadataReference.CreateFromFile(p));
        string assembly = folder[$"{name}.dll"];
        var compilation = CSharpCompilation.Create(name, [CSharpSyntaxTree.ParseText(code)], references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        Assert.Empty(compilation.Emit(assembly).Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error));
        Directory.CreateDirectory(folder["feed"]);
        using ZipArchive package = ZipFile.Open(folder[$"feed/{name}.{version}.nupkg"], ZipArchiveMode.Create);
        package.CreateEntryFromFile(assembly, $"lib/net10.0/{name}.dll");
        string needs = dependency is null ? "" : $"<dependencies><group targetFramework=\"net10.0\"><dependency id=\"{dependency}\" version=\"{dependencyVersion}\" /></group></dependencies>";
        using var writer = new StreamWriter(package.CreateEntry($"{name}.nuspec").Open());
        writer.Write($"<package xmlns=\"http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd\"><metadata><id>{name}</id><version>{version}</version><authors>test</authors><description>For a test.</description>{needs}</metadata></package>");
    }
}
