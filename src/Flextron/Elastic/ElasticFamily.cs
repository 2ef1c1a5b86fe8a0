using Flextron.Checkpoints;
using Flextron.Importance;
using Flextron.Models;
using Flextron.Storage;
using Flextron.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Elastic;

/// <summary>
/// A many-in-one model: the whole network with its parts in order of importance, and the widths at which it may be cut. On disk it is a plain
/// Hugging Face folder (any tool loads the whole network from it) with <c>elastic.json</c> beside.
/// </summary>
public sealed class ElasticFamily : IDisposable
{
    private ElasticFamily(DecoderModel model, ElasticSpace space, FamilyManifest? manifest, string path)
    {
        Model = model;
        Space = space;
        Manifest = manifest;
        Path = path;
    }

    /// <summary>The whole network.</summary>
    public DecoderModel Model { get; }

    /// <summary>Legal widths.</summary>
    public ElasticSpace Space { get; }

    /// <summary>What the family's own file says; null for a model that was never made elastic.</summary>
    public FamilyManifest? Manifest { get; private set; }

    /// <summary>Where it was loaded from.</summary>
    public string Path { get; }

    /// <summary>Loads a family, or any model: without <c>elastic.json</c> it gets the default widths over its parts in their own order.</summary>
    /// <exception cref="FlextronException">The checkpoint or its manifest cannot be used.</exception>
    public static ElasticFamily Load(string path, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        LoadedCheckpoint checkpoint = CheckpointLoader.Load(path, dtype, device);
        var model = new DecoderModel(checkpoint.Weights);
        try
        {
            (ElasticSpace space, FamilyManifest? manifest) = Describe(path, model.Config);
            return new ElasticFamily(model, space, manifest, path);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>What a model may be cut to, without its weights.</summary>
    /// <param name="path">A family folder, or any model.</param>
    /// <param name="config">Its shape.</param>
    /// <exception cref="FlextronException">The manifest cannot be used.</exception>
    public static (ElasticSpace Space, FamilyManifest? Manifest) Describe(string path, ModelConfig config)
    {
        string file = System.IO.Path.Combine(path, FamilyManifest.FileName);
        if (!File.Exists(file)) return (ElasticSpace.For(config), null);
        FamilyManifest manifest = FlextronJson.ReadFile<FamilyManifest>(file, "elastic family");
        if (manifest.Format != FamilyManifest.CurrentFormat || manifest.Space is null)
            throw new FlextronException($"{file} has format {manifest.Format}, this version reads {FamilyManifest.CurrentFormat}: run `flextron elastify` again.");
        return (manifest.Space.ValidatedFor(config, file), manifest);
    }

    /// <summary>Orders a model's parts by importance and wraps it. The weights are changed in place; the function of the whole network is not.</summary>
    /// <param name="checkpoint">The pretrained model; the family takes it over.</param>
    /// <param name="scores">Its importance scores.</param>
    /// <param name="space">Legal widths; the default ones where null.</param>
    public static ElasticFamily Create(LoadedCheckpoint checkpoint, ImportanceScores scores, ElasticSpace? space = null)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentNullException.ThrowIfNull(scores);
        ElasticSpace legal = (space ?? ElasticSpace.For(checkpoint.Config)).ValidatedFor(checkpoint.Config, checkpoint.Path);
        WeightPermutation.Apply(checkpoint.Weights, scores.Order(channels: legal.Widths is not null));
        var manifest = new FamilyManifest(
            FamilyManifest.CurrentFormat, legal, ContentHash.OfPath(checkpoint.Path), scores.Metric, scores.Tokens, scores.CorpusHash) { CorpusPath = scores.CorpusPath };
        return new ElasticFamily(new DecoderModel(checkpoint.Weights), legal, manifest, checkpoint.Path);
    }

    /// <summary>Notes further joint training.</summary>
    public void AddTrainedSteps(int steps) => Manifest = Manifest is null ? null : Manifest with { TrainedSteps = Manifest.TrainedSteps + steps };

    /// <summary>Writes the family: weights, the tokenizer's files, and <c>elastic.json</c> last.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="tokenizer">The tokenizer's file or folder, where it is not beside the model.</param>
    /// <param name="dtype">Element type in the file.</param>
    /// <exception cref="FlextronException">It was never made elastic, or the folder cannot be written.</exception>
    public void Save(string folder, string? tokenizer = null, ScalarType dtype = ScalarType.Float32)
    {
        if (Manifest is null) throw new FlextronException($"{Path} is not an elastic family: run `flextron elastify` first.");
        CheckpointWriter.Save(Model.Weights, folder, CheckpointWriter.FolderFormat(Model.Config), dtype);
        TokenizerFiles.CopyFrom(tokenizer ?? FolderOf(Path), folder);
        FlextronJson.WriteFile(System.IO.Path.Combine(folder, FamilyManifest.FileName), Manifest);
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private static string FolderOf(string path) => Directory.Exists(path) ? path : System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
}
