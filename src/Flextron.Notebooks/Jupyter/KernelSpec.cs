using System.Text.Json.Nodes;
using Flextron.Notebooks.Documents;
using Flextron.Storage;

namespace Flextron.Notebooks.Jupyter;

/// <summary>The kernel's entry in the folder where VS Code and Jupyter look for kernels. No Python is involved.</summary>
/// <param name="kernels">Jupyter's folder of kernels.</param>
public sealed class KernelSpec(string kernels)
{
    /// <summary>The name that notebooks carry in their metadata.</summary>
    public const string Name = ".net-csharp";

    /// <summary>The name that people choose.</summary>
    public const string DisplayName = ".NET (C#)";

    /// <summary>The user's own folder: <c>%APPDATA%\jupyter\kernels</c>, <c>~/Library/Jupyter/kernels</c>, or <c>~/.local/share/jupyter/kernels</c>.</summary>
    public static string DefaultFolder
    {
        get
        {
            if (Environment.GetEnvironmentVariable("JUPYTER_DATA_DIR") is { Length: > 0 } data) return Path.Combine(data, "kernels");
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            if (OperatingSystem.IsWindows()) return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "jupyter", "kernels");
            if (OperatingSystem.IsMacOS()) return Path.Combine(home, "Library", "Jupyter", "kernels");
            return Path.Combine(Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } xdg ? xdg : Path.Combine(home, ".local", "share"), "jupyter", "kernels");
        }
    }

    /// <summary>The command that starts this program: its own file, or <c>dotnet</c> with its assembly.</summary>
    public static IReadOnlyList<string> ThisProgram
    {
        get
        {
            string process = Environment.ProcessPath ?? "dotnet";
            string assembly = System.Reflection.Assembly.GetEntryAssembly()?.Location ?? "";
            return Path.GetFileNameWithoutExtension(process).Equals("dotnet", StringComparison.OrdinalIgnoreCase) ? [process, assembly] : [process];
        }
    }

    /// <summary>The folder of the entry.</summary>
    public string Folder => Path.Combine(kernels, Name);

    /// <summary>The entry itself.</summary>
    public string File => Path.Combine(Folder, "kernel.json");

    /// <summary>Writes the entry; one that is there, of whatever program, is replaced.</summary>
    /// <param name="program">The command that starts the program.</param>
    /// <exception cref="FlextronException">The folder cannot be written.</exception>
    public void Install(IReadOnlyList<string> program)
    {
        var json = new JsonObject
        {
            ["argv"] = new JsonArray([.. program.Concat(["notebook", "kernel", "--connection-file", "{connection_file}"]).Select(a => (JsonNode?)a)]),
            ["display_name"] = DisplayName,
            ["language"] = "C#",
            ["interrupt_mode"] = "message",
            ["metadata"] = new JsonObject { ["debugger"] = false },
        };
        AtomicFile.WriteAllText(File, NotebookJson.Write(json));
    }

    /// <summary>Removes the entry.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="FlextronException">It is another program's, or cannot be removed.</exception>
    public bool Uninstall()
    {
        if (!System.IO.File.Exists(File)) return false;
        if (State() is { IsOurs: false }) throw new FlextronException($"{File} belongs to another program: remove it by hand if it is not wanted.");
        try
        {
            Directory.Delete(Folder, recursive: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"{Folder} cannot be removed: {e.Message}", e);
        }
    }

    /// <summary>What is there.</summary>
    /// <returns>Null where nothing is; whether it is this project's, and the program that it starts.</returns>
    public (bool IsOurs, string Executable, bool ExecutableExists)? State()
    {
        if (!System.IO.File.Exists(File)) return null;
        try
        {
            string[] argv = JsonNode.Parse(System.IO.File.ReadAllText(File))?["argv"] is JsonArray words ? [.. words.Select(NotebookJson.Text)] : [];
            bool ours = argv.AsSpan().IndexOf("notebook") is > 0 and var at && argv.Length > at + 2 && argv[at + 1] == "kernel" && argv[at + 2] == "--connection-file";
            string program = ours && argv[1] != "notebook" ? argv[1] : argv.FirstOrDefault() ?? "";
            return (ours, program, System.IO.File.Exists(program));
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return (false, "", false);
        }
    }
}
