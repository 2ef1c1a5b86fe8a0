using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Mixers;

/// <summary>What a mixer remembers of the tokens before: one matrix a group, and the last inputs of its filters. Its size does not depend on their number.</summary>
public sealed class MixerState : IDisposable
{
    /// <summary>The recurrence's state; null before the first token.</summary>
    internal Tensor? Memory_BGKV { get; private set; }

    // Inputs that the causal filters have yet to see with later ones, by stream.
    private Tensor?[] tails = new Tensor?[3];

    /// <summary>Bytes held.</summary>
    public long Bytes => Held.Sum(t => t.numel() * t.element_size());

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        foreach (Tensor tensor in Held) tensor.Dispose();
        (Memory_BGKV, tails) = (null, new Tensor?[3]);
    }

    /// <summary>An independent copy, as often along the batch as asked for.</summary>
    /// <param name="rows">B of the copy, where this state is of one sequence; 0 keeps B.</param>
    public MixerState Copy(long rows = 0)
    {
        Tensor? Of(Tensor? x)
        {
            if (x is null) return null;
            using Tensor view = rows == 0 ? x.alias() : x.expand([rows, .. x.shape[1..]]);
            return view.clone().DetachFromDisposeScope();
        }

        return new MixerState { Memory_BGKV = Of(Memory_BGKV), tails = [.. tails.Select(Of)] };
    }

    internal void Remember(Tensor memory_BGKV)
    {
        Memory_BGKV?.Dispose();
        Memory_BGKV = memory_BGKV.detach().DetachFromDisposeScope();
    }

    internal Tensor? Tail(int stream) => tails[stream];

    internal void KeepTail(int stream, Tensor tail)
    {
        Tensor kept = tail.detach().clone().DetachFromDisposeScope();
        tails[stream]?.Dispose();
        tails[stream] = kept;
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();

    private IEnumerable<Tensor> Held => tails.Append(Memory_BGKV).OfType<Tensor>();
}
