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
    private const int FirstSlots = 32;

    private readonly Level[][] levels;

    internal DynamicCache(ModelConfig config, ElasticSpace space, int batch, int capacity, ScalarType dtype, Device device)
    {
        (Batch, Capacity) = (batch, Math.Min(capacity, config.ContextLength));
        levels = [.. Enumerable.Range(0, config.BlockCount).Select(_ => space.KvGroups
            .Select((g, i) => new Level(batch, Capacity, (g - (i == 0 ? 0 : space.KvGroups[i - 1])) * (long)config.HeadSize, dtype, device)).ToArray())];
    }

    /// <summary>Sequences.</summary>
    public int Batch { get; }

    /// <summary>Tokens that fit.</summary>
    public int Capacity { get; }

    /// <summary>Tokens read so far, whatever they have kept.</summary>
    public int Length { get; private set; }

    /// <summary>Bytes of the keys and values held, free slots not counted.</summary>
    public long HeldBytes => levels.Sum(block => block.Sum(l => l.HeldBytes));

    internal Level At(int block, int level) => levels[block][level];

    internal void Advance(int tokens) => Length += tokens;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Level level in levels.SelectMany(l => l)) level.Dispose();
    }

    /// <summary>The groups between two neighbouring choices: every sequence's tokens packed to the front.</summary>
    internal sealed class Level(int batch, int capacity, long width, ScalarType dtype, Device device) : IDisposable
    {
        private Tensor? keys_BSW, values_BSW;

        /// <summary>Tokens held of each sequence.</summary>
        public int[] Lengths { get; } = new int[batch];

        public long HeldBytes => keys_BSW is null ? 0 : 2 * Lengths.Sum(l => (long)l) * width * keys_BSW.element_size();

        /// <summary>Appends new tokens' keys and values.</summary>
        /// <param name="key_NW">One row per token.</param>
        /// <param name="value_NW">The same.</param>
        /// <param name="sequence_N">Which sequence each belongs to; tokens of one sequence in order.</param>
        public void Append(Tensor key_NW, Tensor value_NW, IReadOnlyList<int> sequence_N)
        {
            long[] slots = new long[sequence_N.Count];
            int[] before = [.. Lengths];
            foreach (int b in sequence_N) Lengths[b]++;
            Reserve(Lengths.Max());
            int[] next = before;
            long stride = keys_BSW!.size(1);
            for (int i = 0; i < slots.Length; i++) slots[i] = sequence_N[i] * stride + next[sequence_N[i]]++;
            using Tensor slots_N = tensor(slots).to(device), keys = keys_BSW.view(-1, width), values = values_BSW!.view(-1, width);
            keys.index_copy_(0, slots_N, key_NW);
            values.index_copy_(0, slots_N, value_NW);
        }

        /// <summary>The first slots of all sequences.</summary>
        public (Tensor Keys_BSW, Tensor Values_BSW) First(int count) => (keys_BSW!.narrow(1, 0, count), values_BSW!.narrow(1, 0, count));

        public void Dispose()
        {
            keys_BSW?.Dispose();
            values_BSW?.Dispose();
        }

        // Doubling: a level that few tokens reach never takes the memory that all of them would.
        private void Reserve(int count)
        {
            if (keys_BSW is not null && keys_BSW.size(1) >= count) return;
            long slots = Math.Min(capacity, Math.Max(Math.Max(FirstSlots, count), 2 * (keys_BSW?.size(1) ?? 0)));
            Tensor Grown(Tensor? old)
            {
                Tensor grown = zeros([batch, slots, width], dtype, device).DetachFromDisposeScope();
                if (old is null) return grown;
                using (Tensor part = grown.narrow(1, 0, old.size(1))) part.copy_(old);
                old.Dispose();
                return grown;
            }
            (keys_BSW, values_BSW) = (Grown(keys_BSW), Grown(values_BSW));
        }
    }
}
