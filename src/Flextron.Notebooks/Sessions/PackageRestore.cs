using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security;
using System.Text.Json;
using Flextron.Storage;

namespace Flextron.Notebooks.Sessions;

/// <summary>Fetches packages that the host does not carry, by a real <c>dotnet restore</c> of a small project that names them.</summary>
/// <param name="folder">Where such projects are kept, one for each set of packages, so that a set is restored once.</param>
internal sealed class PackageRestore(string folder)
{
    private const string Framework = "net10.0";

    /// <summary>Where projects are kept by default.</summary>
    public static string DefaultFolder => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "flextron", "notebook-packages");

    /// <summary>Restores a set of packages.</summary>
    /// <param name="packages">Names with versions; an empty version takes the newest.</param>
    /// <param name="sources">Further places to look in.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="FlextronException">A package is not to be had; the message says what NuGet said.</exception>
    public async Task<RestoredPackages> RestoreAsync(IReadOnlyDictionary<string, string> packages, IReadOnlyList<string> sources, CancellationToken cancellation)
    {
        string project = $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>{Framework}</TargetFramework>
                <RestoreAdditionalProjectSources>{Escape(string.Join(';', sources))}</RestoreAdditionalProjectSources>
                <ManagePackageVersionsCentrally>false</ManagePackageVersionsCentrally>
                <NuGetAudit>false</NuGetAudit>
              </PropertyGroup>
              <ItemGroup>
            {string.Join('\n', packages.Select(p => $"    <PackageReference Include=\"{Escape(p.Key)}\" Version=\"{Escape(p.Value.Length == 0 ? "*" : p.Value)}\" />"))}
              </ItemGroup>
            </Project>

            """;
        string place = Path.Combine(folder, ContentHash.OfText(project)[..16]);
        string file = Path.Combine(place, "packages.csproj"), assets = Path.Combine(place, "obj", "project.assets.json");
        if (!File.Exists(assets))
        {
            AtomicFile.WriteAllText(file, project);
            await RunRestoreAsync(file, packages, cancellation).ConfigureAwait(false);
        }
        return Read(assets);
    }

    private static async Task RunRestoreAsync(string file, IReadOnlyDictionary<string, string> packages, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("dotnet", ["restore", file, "--nologo", "-v", "quiet"]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetDirectoryName(file)! };
        using Process process = Process.Start(start) ?? throw new FlextronException("`dotnet restore` cannot be started: put the .NET SDK on the PATH.");
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellation), error = process.StandardError.ReadToEndAsync(cancellation);
        try
        {
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        string said = await output.ConfigureAwait(false) + await error.ConfigureAwait(false);
        if (process.ExitCode == 0) return;
        string[] reasons = [.. said.Split('\n').Where(l => l.Contains("error", StringComparison.Ordinal)).Select(Reason).Distinct(StringComparer.Ordinal)];
        throw new FlextronException($"{string.Join(", ", packages.Select(p => $"{p.Key} {p.Value}".Trim()))} cannot be restored: {string.Join(" ", reasons.DefaultIfEmpty(said.Trim()))}");
    }

    // "path : error NU1101: Unable to find …" without the path.
    private static string Reason(string line)
    {
        int at = line.IndexOf("error", StringComparison.Ordinal);
        string text = line[at..].Trim();
        int end = text.LastIndexOf(" [", StringComparison.Ordinal);
        return end > 0 ? text[..end] : text;
    }

    private static RestoredPackages Read(string assets)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(assets));
        JsonElement root = json.RootElement;
        string[] folders = [.. root.GetProperty("packageFolders").EnumerateObject().Select(f => f.Name)];
        var compile = new List<string>();
        var runtime = new List<string>();
        var native = new List<string>();
        foreach (JsonProperty library in root.GetProperty("targets").EnumerateObject().First().Value.EnumerateObject())
        {
            string? place = folders.Select(f => Path.Combine(f, library.Name.ToLowerInvariant())).FirstOrDefault(Directory.Exists);
            if (place is null) continue;
            compile.AddRange(Files(library.Value, "compile", place));
            runtime.AddRange(Files(library.Value, "runtime", place));
            if (!library.Value.TryGetProperty("runtimeTargets", out JsonElement targets)) continue;
            foreach (JsonProperty target in targets.EnumerateObject().Where(t => IsHere(t.Value.GetProperty("rid").GetString()!)))
            {
                string path = Path.Combine(place, target.Name.Replace('/', Path.DirectorySeparatorChar));
                if (target.Value.GetProperty("assetType").GetString() == "native") native.Add(Path.GetDirectoryName(path)!);
                else runtime.Insert(0, path);
            }
        }
        return new RestoredPackages(compile, runtime, [.. native.Distinct(StringComparer.Ordinal)]);
    }

    private static bool IsHere(string rid)
    {
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        string processor = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        return rid == $"{system}-{processor}" || rid == system || (rid == "unix" && system != "win");
    }

    private static IEnumerable<string> Files(JsonElement library, string kind, string place) =>
        library.TryGetProperty(kind, out JsonElement files)
            ? files.EnumerateObject().Where(f => f.Name.EndsWith(".dll", StringComparison.Ordinal)).Select(f => Path.Combine(place, f.Name.Replace('/', Path.DirectorySeparatorChar)))
            : [];

    private static string Escape(string text) => SecurityElement.Escape(text) ?? "";
}
