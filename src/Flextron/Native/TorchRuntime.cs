using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Flextron.Native;

/// <summary>Makes the native half of TorchSharp loadable before its first use, and says how.</summary>
/// <remarks>
/// TorchSharp 0.107's Linux library was built with GCC 13 and names GLIBCXX_3.4.32, which Debian 12 and Ubuntu 22.04 lack, for one empty
/// hook that is never called. Where the dynamic linker refuses the library for that reason alone, the copy in the program's own folder is
/// replaced by one in which that single need is weak (one byte). Elsewhere nothing of it is touched. The managed half is adapted first:
/// see <see cref="ManagedLifetimes"/>.
/// </remarks>
public static partial class TorchRuntime
{
    private const string Hook = "_ZSt21ios_base_library_initv";
    private static readonly Lock Gate = new();
    private static TorchRuntimeState? state;

    /// <summary>What was found and done. Computed once, at the first call.</summary>
    public static TorchRuntimeState State
    {
        get
        {
            lock (Gate) return state ??= WithLifetimes(AppContext.BaseDirectory);
        }
    }

    /// <summary>Prepares the native library, once; never throws, so that <c>doctor</c> can still speak.</summary>
    public static void EnsurePrepared() => _ = State;

    private static TorchRuntimeState WithLifetimes(string folder)
    {
        string? problem = ManagedLifetimes.Ensure(folder);
        TorchRuntimeState native = Prepare(folder);
        return problem is null ? native : native with { Explanation = $"{native.Explanation}; {problem}" };
    }

    private static TorchRuntimeState Prepare(string folder)
    {
        string fileName = OperatingSystem.IsWindows() ? "LibTorchSharp.dll"
            : OperatingSystem.IsMacOS() ? "libLibTorchSharp.dylib" : "libLibTorchSharp.so";
        string? path = new[] { folder, Path.Combine(folder, "runtimes", RuntimeInformation.RuntimeIdentifier, "native") }
            .Select(d => Path.Combine(d, fileName)).FirstOrDefault(File.Exists);
        if (path is null)
            return new TorchRuntimeState(null, false, $"{fileName} is not beside the program in {folder}",
                "Build for a platform that TorchSharp ships (linux-x64, win-x64, osx-arm64), then run `dotnet build -c Release` again.");
        if (!OperatingSystem.IsLinux())
            return new TorchRuntimeState(path, true, "as shipped", null);
        if (TryLoad(path, out string error)) return new TorchRuntimeState(path, true, Describe(path), null);

        Match missing = MissingVersion().Match(error);
        if (!missing.Success)
            return new TorchRuntimeState(path, false, error, "Check that libtorch lies beside the program: run `dotnet build -c Release` again, or `dotnet nuget locals all --clear` and restore.");
        try
        {
            WriteWeakCopy(path, missing.Groups[1].Value);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return new TorchRuntimeState(path, false, $"this system's libstdc++ lacks {missing.Groups[1].Value}, and the library could not be adapted: {e.Message}",
                "Build where you run, with a writable output folder, or install a libstdc++ of GCC 13 or newer.");
        }
        return TryLoad(path, out error)
            ? new TorchRuntimeState(path, true, Describe(path), null)
            : new TorchRuntimeState(path, false, error, "Install a libstdc++ of GCC 13 or newer.");
    }

    private static bool TryLoad(string path, out string error)
    {
        try
        {
            NativeLibrary.Load(path);
            error = "";
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            error = e.Message.ReplaceLineEndings(" ").Trim();
            return false;
        }
    }

    private static void WriteWeakCopy(string path, string version)
    {
        byte[] image = File.ReadAllBytes(path);
        new ElfVersionNeeds(image, path).MakeWeak(version, Hook);
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        File.WriteAllBytes(temporary, image);
        if (OperatingSystem.IsLinux()) File.SetUnixFileMode(temporary, File.GetUnixFileMode(path));
        // The build compares time and size to decide whether to copy the original again: keep the time, so that it does not every time.
        File.SetLastWriteTimeUtc(temporary, File.GetLastWriteTimeUtc(path));
        File.Move(temporary, path, overwrite: true);
    }

    private static string Describe(string path)
    {
        string[] weak = new ElfVersionNeeds(File.ReadAllBytes(path), path).List().Where(n => n.Weak).Select(n => n.Version).ToArray();
        return weak.Length == 0 ? "as shipped: this system's libstdc++ is new enough" : $"adapted copy: the need of {string.Join(", ", weak)} is weak, because this system's libstdc++ lacks it";
    }

    [GeneratedRegex(@"version [`'‘](GLIBCXX_[0-9.]+)['’] not found")]
    private static partial Regex MissingVersion();
}
