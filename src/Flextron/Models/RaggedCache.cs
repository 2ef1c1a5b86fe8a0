using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>
/// Keys and values of the tokens that a part of the network has seen, where sequences of a batch have seen different numbers of them: every sequence's
/// tokens are packed to the front, without gaps. Memory grows with the longest.
/// </summary>
/// <param name="batch">B, sequences.</param>
/// <param name="capacity">Most tokens of a sequence.</param>
/// <param name="width">W, elements of one token's keys.</param>
/// <param name="dtype">Element type.</param>
/// <param name="device">Where.</param>
internal sealed class RaggedCache(int batch, int capacity, long width, ScalarType dtype, Device device) : IDisposable
{
    private const int FirstSlots = 32;
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

    /// <summary>What new tokens see behind a cache: the p-th new one of a sequence sees everything held before and the new ones up to itself.</summary>
    /// <param name="past_R">Tokens that each sequence held before the new ones.</param>
    /// <param name="longest">P, most new tokens of a sequence; shorter ones are padded at the end.</param>
    /// <param name="slots">S, slots of the keys.</param>
    /// <param name="device">Where.</param>
    /// <returns>visible_R1PS.</returns>
    public static Tensor Visible(int[] past_R, int longest, int slots, Device device)
    {
        bool[] visible = new bool[past_R.Length * longest * slots];
        for (int r = 0; r < past_R.Length; r++)
            for (int p = 0; p < longest; p++)
                Array.Fill(visible, true, (r * longest + p) * slots, Math.Min(slots, past_R[r] + p + 1));
        return tensor(visible, [past_R.Length, 1, longest, slots], device: device);
    }
}
