using System.Buffers;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Flextron.Data;

/// <summary>
/// Cuts a corpus into disjoint windows and hands out batches of them in a seeded order, another one every epoch. Which window comes n-th is a
/// function of the seed and n alone (<see cref="IndexPermutation"/>), so a run resumes by counting, and memory does not grow with the corpus.
/// </summary>
public sealed class WindowSampler
{
    private readonly TokenCorpus corpus;
    private readonly long seed;

    /// <summary>Prepares windows.</summary>
    /// <param name="corpus">The tokens.</param>
    /// <param name="windowLength">T, inputs per window; a window reads T + 1 tokens, the last only as a target.</param>
    /// <param name="seed">Which order.</param>
    /// <exception cref="FlextronException">The corpus is shorter than one window.</exception>
    public WindowSampler(TokenCorpus corpus, int windowLength, long seed)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(windowLength);
        this.corpus = corpus;
        this.seed = seed;
        WindowLength = windowLength;
        WindowCount = (corpus.Length - 1) / windowLength;
        if (WindowCount < 1)
            throw new FlextronException($"The corpus has {corpus.Length} tokens, fewer than one window of {windowLength + 1}: give more text or a shorter sequence length.");
    }

    /// <summary>T.</summary>
    public int WindowLength { get; }

    /// <summary>Windows in one epoch.</summary>
    public long WindowCount { get; }

    /// <summary>The window that comes at a position of the endless sequence of shuffled epochs.</summary>
    /// <param name="position">From 0; a position is all that a resumed run needs.</param>
    public long WindowAt(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        (long epoch, long index) = Math.DivRem(position, WindowCount);
        return new IndexPermutation(WindowCount, Seeds.Mix(seed, "window order", epoch))[index];
    }

    /// <summary>The batch of one step, where every step takes as many windows.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="batch">Windows per batch.</param>
    /// <returns>Inputs and targets, int64 on the CPU.</returns>
    public (Tensor Input_BT, Tensor Target_BT) Batch(long step, int batch) => BatchAt(step * batch, batch);

    /// <summary>The windows at a position and after it.</summary>
    /// <param name="position">Windows handed out before.</param>
    /// <param name="batch">Windows to take.</param>
    /// <returns>Inputs and targets, int64 on the CPU.</returns>
    public (Tensor Input_BT, Tensor Target_BT) BatchAt(long position, int batch)
    {
        long[] windows = new long[batch];
        for (int i = 0; i < batch; i++) windows[i] = WindowAt(position + i);
        return Windows(windows);
    }

    /// <summary>Named windows in corpus order, for evaluation.</summary>
    public (Tensor Input_BT, Tensor Target_BT) Windows(ReadOnlySpan<long> windows)
    {
        long[] shape = [windows.Length, WindowLength];
        Tensor input_BT = empty(shape, ScalarType.Int64), target_BT = empty(shape, ScalarType.Int64);
        Span<long> input = MemoryMarshal.Cast<byte, long>(input_BT.bytes), target = MemoryMarshal.Cast<byte, long>(target_BT.bytes);
        int[] rented = ArrayPool<int>.Shared.Rent(WindowLength + 1);
        Span<int> ids = rented.AsSpan(0, WindowLength + 1);
        for (int i = 0; i < windows.Length; i++)
        {
            corpus.CopyTo(windows[i] * WindowLength, ids);
            int row = i * WindowLength;
            for (int t = 0; t < WindowLength; t++)
            {
                input[row + t] = ids[t];
                target[row + t] = ids[t + 1];
            }
        }
        ArrayPool<int>.Shared.Return(rented);
        return (input_BT, target_BT);
    }

    /// <summary>Windows spread evenly over the corpus, the first one included: the same for every model that is measured on them.</summary>
    /// <param name="count">How many; all of them where there are fewer.</param>
    public long[] Spread(int count)
    {
        long used = Math.Min(count, WindowCount);
        return [.. Enumerable.Range(0, (int)used).Select(i => (long)((Int128)i * WindowCount / used))];
    }
}
