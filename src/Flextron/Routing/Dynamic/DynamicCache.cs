using Flextron.Elastic;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Routing.Dynamic;

/// <summary>
/// Keys and values of past tokens under dynamic routing. A token that chose g of G groups has keys and values in groups 0 … g − 1 and nowhere else: each
/// level of groups (those between two neighbouring choices) holds, sequence by sequence, only the tokens that reach it, without gaps.
/// </summary>
public sealed class DynamicCache : IDisposable
{
    private readonly RaggedCache[][] levels;

    internal DynamicCache(ModelConfig config, ElasticSpace space, int batch, int capacity, ScalarType dtype, Device device)
    {
        (Batch, Capacity) = (batch, Math.Min(capacity, config.ContextLength));
        levels = [.. Enumerable.Range(0, config.BlockCount).Select(_ => space.KvGroups
            .Select((g, i) => new RaggedCache(batch, Capacity, (g - (i == 0 ? 0 : space.KvGroups[i - 1])) * (long)config.HeadSize, dtype, device)).ToArray())];
    }

    /// <summary>Sequences.</summary>
    public int Batch { get; }

    /// <summary>Tokens that fit.</summary>
    public int Capacity { get; }

    /// <summary>Tokens read so far, whatever they have kept.</summary>
    public int Length { get; private set; }

    /// <summary>Bytes of the keys and values held, free slots not counted.</summary>
    public long HeldBytes => levels.Sum(block => block.Sum(l => l.HeldBytes));

    internal RaggedCache At(int block, int level) => levels[block][level];

    internal void Advance(int tokens) => Length += tokens;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (RaggedCache level in levels.SelectMany(l => l)) level.Dispose();
    }
}
