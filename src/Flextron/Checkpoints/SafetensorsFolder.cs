using System.Text.Json;
using Flextron.Storage;
using static TorchSharp.torch;

namespace Flextron.Checkpoints;

/// <summary>The weights of a checkpoint folder: <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c> lists.</summary>
public sealed class SafetensorsFolder : IDisposable
{
    /// <summary>Name of an unsharded file.</summary>
    public const string FileName = "model.safetensors";

    /// <summary>Name of the list of shards.</summary>
    public const string IndexName = "model.safetensors.index.json";

    private readonly Dictionary<string, SafetensorsFile> files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SafetensorsFile> fileOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SafetensorsEntry> entries = new(StringComparer.Ordinal);

    private SafetensorsFolder(string path) => Path = path;

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Every tensor of all shards by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => entries;

    /// <summary>Opens the folder's weights and checks every header.</summary>
    /// <exception cref="FlextronException">There are none, only pickled ones, or a file or the index is not usable.</exception>
    public static SafetensorsFolder Open(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var result = new SafetensorsFolder(folder);
        try
        {
            string index = System.IO.Path.Combine(folder, IndexName);
            if (File.Exists(System.IO.Path.Combine(folder, FileName)))
            {
                SafetensorsFile file = result.Shard(FileName);
                foreach (string name in file.Entries.Keys) result.Add(name, file);
            }
            else if (File.Exists(index))
            {
                result.ReadIndex(index);
            }
            else if (Directory.Exists(folder) && Directory.EnumerateFiles(folder, "pytorch_model*.bin").Any())
            {
                throw new FlextronException(
                    $"{folder} holds its weights only as pytorch_model.bin, a pickle that can run code when it is opened: "
                    + "convert it with save_pretrained(safe_serialization=True) in transformers.");
            }
            else
            {
                throw new FlextronException($"{folder} holds neither {FileName} nor {IndexName}: fetch the weights too.");
            }
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    /// <summary>Converts a tensor into an existing one of as many elements, in row-major order of both; shapes are not compared.</summary>
    internal void CopyElementsTo(string name, Tensor destination) => Holder(name).CopyElementsTo(name, destination);

    /// <summary>Whether a tensor's elements, in row-major order, are those of another one.</summary>
    internal bool Equals(string name, Tensor other) => Holder(name).Equals(name, other);

    /// <summary>Converts a tensor into an existing one; see <see cref="SafetensorsFile.CopyTo"/>.</summary>
    /// <exception cref="FlextronException">No such tensor, another shape, or an element type that weights do not have.</exception>
    public void CopyTo(string name, Tensor destination) => Holder(name).CopyTo(name, destination);

    /// <summary>Closes all files.</summary>
    public void Dispose()
    {
        foreach (SafetensorsFile file in files.Values) file.Dispose();
    }

    private SafetensorsFile Holder(string name) => fileOf.TryGetValue(name, out SafetensorsFile? file) ? file : throw new FlextronException($"{Path} holds no tensor {name}.");

    private void ReadIndex(string index)
    {
        var root = FlextronJson.ReadFile<JsonElement>(index, "list of shards");
        try
        {
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
                throw new FlextronException($"{index} has no weight_map: fetch it again.");
            foreach (JsonProperty property in map.EnumerateObject())
            {
                string name = property.Name;
                string? file = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString() : null;
                if (!IsPlainName(file))
                    throw new FlextronException(
                        $"{index} looks for {Shown(name)} in '{Shown(file)}', which is not a plain file name of the same folder: fetch it again.");
                RequireInside(file!);
                SafetensorsFile shard = Shard(file!);
                if (!shard.Entries.ContainsKey(name))
                    throw new FlextronException($"{index} says that {Shown(name)} is in {file}, but it is not: fetch the folder again.");
                Add(name, shard);
            }
        }
        catch (InvalidOperationException e)
        {
            throw new FlextronException($"{index} is not a readable list of shards: a text in it is not valid Unicode; fetch it again.", e);
        }
    }

    // Shards stand beside their index; anything that could lead elsewhere on any system is refused.
    private static bool IsPlainName(string? name) =>
        !string.IsNullOrEmpty(name) && name is not ("." or "..") && name.AsSpan().IndexOfAny("/\\:") < 0 && !name.Any(char.IsControl);

    // A link may stay in the folder, or lead from a snapshot of the Hugging Face cache to the blobs beside it; an index must not reach further.
    private void RequireInside(string name)
    {
        if (files.ContainsKey(name)) return;
        string folder = System.IO.Path.GetFullPath(Path), link = System.IO.Path.Combine(folder, name);
        string? target;
        try
        {
            target = File.Exists(link) ? File.ResolveLinkTarget(link, returnFinalTarget: true)?.FullName : null;
        }
        catch (IOException e)
        {
            throw new FlextronException($"{link} is a link that leads nowhere: {e.Message} Put the file itself there.", e);
        }
        if (target is null || IsWithin(target, folder)) return;
        string? snapshots = System.IO.Path.GetDirectoryName(folder), cache = System.IO.Path.GetDirectoryName(snapshots);
        if (cache is not null && System.IO.Path.GetFileName(snapshots) == "snapshots" && IsWithin(target, System.IO.Path.Combine(cache, "blobs"))) return;
        throw new FlextronException($"{link} is a link to {target}, outside the folder of its index: put the file itself there.");
    }

    // Names come from outside and may be anything.
    private static string Shown(string? name) => string.Concat((name ?? "").Take(100).Select(c => char.IsControl(c) ? '?' : c));

    private static bool IsWithin(string path, string folder) =>
        System.IO.Path.GetFullPath(path).StartsWith(System.IO.Path.TrimEndingDirectorySeparator(folder) + System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private SafetensorsFile Shard(string name)
    {
        if (!files.TryGetValue(name, out SafetensorsFile? file))
            files.Add(name, file = SafetensorsFile.Open(System.IO.Path.Combine(Path, name)));
        return file;
    }

    private void Add(string name, SafetensorsFile file)
    {
        if (!fileOf.TryAdd(name, file))
            throw new FlextronException($"{System.IO.Path.Combine(Path, IndexName)} lists {Shown(name)} twice: fetch it again.");
        entries.Add(name, file.Entries[name]);
    }
}
