using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Flextron.Models;
using Flextron.Storage;
using static TorchSharp.torch;

namespace Flextron.Evaluation;

/// <summary>Everything that decides a result: two results with the same identity are the same. Kept with every result, and the key of <see cref="ResultCache"/>.</summary>
public sealed record ResultIdentity
{
    /// <summary>Version of scoring; raised whenever a change can move a score beyond rounding.</summary>
    public const int CurrentScorer = 1;

    /// <summary>Version of scoring that made the result.</summary>
    public int Scorer { get; init; } = CurrentScorer;

    /// <summary>Task.</summary>
    public required string Task { get; init; }

    /// <summary>Version of the task's rules.</summary>
    public required string TaskVersion { get; init; }

    /// <summary>Worked examples.</summary>
    public required int Shots { get; init; }

    /// <summary>First documents only, or null for all.</summary>
    public required int? Limit { get; init; }

    /// <summary>Seed of the bootstrap.</summary>
    public required int Seed { get; init; }

    /// <summary>Number of bootstrap samples.</summary>
    public required int BootstrapSamples { get; init; }

    /// <summary>Hash of the prompts.</summary>
    public required string PromptHash { get; init; }

    /// <summary>Hash of prompts, tokens, right answers, choices and subjects: what the data and the tokenizer together gave.</summary>
    public required string DataHash { get; init; }

    /// <summary>Hash of shape and weights.</summary>
    public required string ModelHash { get; init; }

    /// <summary>Which slice.</summary>
    public required string Network { get; init; }

    /// <summary>Element type of the weights.</summary>
    public required string Dtype { get; init; }

    /// <summary>Where it was computed: rounding differs.</summary>
    public required string Device { get; init; }

    /// <summary>Longest input in tokens.</summary>
    public required int MaxLength { get; init; }

    /// <summary>The identity of scoring a task with a slice of a model.</summary>
    /// <param name="prepared">The task.</param>
    /// <param name="model">The model.</param>
    /// <param name="modelHash">Its <see cref="HashOf"/>.</param>
    /// <param name="network">The slice.</param>
    public static ResultIdentity Of(PreparedTask prepared, DecoderModel model, string modelHash, SubNetwork network)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(network);
        return new ResultIdentity
        {
            Task = prepared.Task.Name,
            TaskVersion = prepared.Task.Version,
            Shots = prepared.Settings.Shots,
            Limit = prepared.Settings.Limit,
            Seed = prepared.Settings.Seed,
            BootstrapSamples = prepared.Settings.BootstrapSamples,
            PromptHash = prepared.PromptHash,
            DataHash = prepared.DataHash,
            ModelHash = modelHash,
            Network = network.ToString(),
            Dtype = model.Weights.Flat.dtype.ToString().ToLowerInvariant(),
            Device = model.Device.type.ToString().ToLowerInvariant(),
            MaxLength = model.Config.ContextLength,
        };
    }

    /// <summary>SHA-256 over a model's shape and weights, so that a copy elsewhere is the same model and a step of training makes another.</summary>
    public static string HashOf(DecoderModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(model.Config, FlextronJson.Compact)));
        long total = model.Weights.Flat.numel(), piece = 1 << 24;
        for (long at = 0; at < total; at += piece)
        {
            using var scope = NewDisposeScope();
            hash.AppendData(model.Weights.Flat.narrow(0, at, Math.Min(piece, total - at)).detach().cpu().contiguous().bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The identity as one hash.</summary>
    public string Key() => ContentHash.OfText(JsonSerializer.Serialize(this, FlextronJson.Compact));
}
