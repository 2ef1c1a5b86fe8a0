using Flextron.Data;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>Finds what an experiment names, wherever the repository was cloned.</summary>
/// <param name="folder">The experiment's folder.</param>
public sealed class StudyPaths(string folder)
{
    /// <summary>The word for what the repository carries itself.</summary>
    public const string Embedded = "embedded";

    private const string SharedPrefix = "shared:";

    /// <summary>Resolves a model or text.</summary>
    /// <param name="name"><c>embedded</c>, <c>shared:…</c>, or a path relative to the experiment's folder.</param>
    /// <param name="embedded">What <c>embedded</c> stands for.</param>
    /// <exception cref="FlextronException">Nothing is there; the message says how to provide it.</exception>
    public string Resolve(string name, Func<string> embedded)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(embedded);
        if (name == Embedded) return embedded();
        if (name.StartsWith(SharedPrefix, StringComparison.Ordinal)) return Shared(name[SharedPrefix.Length..]);
        string path = Path.GetFullPath(Path.Combine(folder, name));
        if (!File.Exists(path) && !Directory.Exists(path))
            throw new FlextronException($"The experiment names {name}, and there is nothing at {path}: correct the path in experiment.json or pass it with --set.");
        return path;
    }

    /// <summary>Finds and hashes what a study works on.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer; null where that is beside the model.</param>
    /// <param name="text">The text.</param>
    /// <exception cref="FlextronException">One of them is not there.</exception>
    internal StudyInputs Inputs(string model, string? tokenizer, string text)
    {
        string modelPath = Resolve(model, () => EmbeddedData.BaseModel);
        string tokenizerPath = tokenizer is not null ? Resolve(tokenizer, () => EmbeddedData.BaseModel)
            : Directory.Exists(modelPath) ? modelPath : Path.GetDirectoryName(modelPath)!;
        string? textPath = text == Embedded ? null : Resolve(text, () => "");
        return new StudyInputs(StageInput.Of(modelPath, "model"), StageInput.Of(tokenizerPath, "tokenizer"), textPath is null ? null : StageInput.Of(textPath, "text"));
    }

    private string Shared(string relative)
    {
        foreach (string root in SharedFolders())
        {
            string path = Path.Combine(root, relative);
            if (File.Exists(path) || Directory.Exists(path)) return path;
        }
        throw new FlextronException(
            $"The experiment needs {relative} from the shared data folder, which is not here: put it at shared/data/{relative} beside the repository, or name the folder in the environment variable {EmbeddedData.Variable}.");
    }

    private IEnumerable<string> SharedFolders()
    {
        if (Environment.GetEnvironmentVariable(EmbeddedData.Variable) is { Length: > 0 } given) yield return given;
        foreach (string start in new[] { folder, AppContext.BaseDirectory })
            for (DirectoryInfo? at = new(Path.GetFullPath(start)); at is not null; at = at.Parent)
                yield return Path.Combine(at.FullName, "shared", "data");
    }
}
