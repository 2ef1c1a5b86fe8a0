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
            string said = await RunAsync(["restore", file, "--nologo", "-v", "quiet"], cancellation).ConfigureAwait(false);
            // One source that cannot be reached makes NuGet give up, though a folder that was named may hold all that is needed.
            string[] local = [.. sources.Where(Directory.Exists)];
            if (IsUnreachable(said) && local.Length > 0)
                said = await RunAsync(["restore", file, "--nologo", "-v", "quiet", .. local.SelectMany(s => new[] { "--source", s })], cancellation).ConfigureAwait(false);
            if (said.Length > 0) throw Failure(packages, said);
        }
        return Read(assets);
    }

    /// <summary>What was said where it failed; nothing where it succeeded.</summary>
    private static async Task<string> RunAsync(string[] arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetDirectoryName(arguments[1])! };
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
        return process.ExitCode == 0 ? "" : said.Trim() is { Length: > 0 } text ? text : $"dotnet restore ended with {process.ExitCode}.";
    }

    // NU1301: a source did not answer.
    private static bool IsUnreachable(string said) => said.Contains("NU1301", StringComparison.Ordinal);

    private static FlextronException Failure(IReadOnlyDictionary<string, string> packages, string said)
    {
        string names = string.Join(", ", packages.Select(p => $"{p.Key} {p.Value}".Trim()));
        if (IsUnreachable(said))
            return new FlextronException($"{names} cannot be restored without a network: a package source cannot be reached. Go online, or name a folder that holds the package: #i \"nuget: FOLDER\".");
        string[] reasons = [.. said.Split('\n').Where(l => l.Contains("error", StringComparison.Ordinal)).Select(Reason).Distinct(StringComparer.Ordinal)];
        return new FlextronException($"{names} cannot be restored: {string.Join(" ", reasons.DefaultIfEmpty(said))}");
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
