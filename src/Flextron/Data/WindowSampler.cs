using static TorchSharp.torch;

namespace Flextron.Data;

/// <summary>
/// Cuts a corpus into disjoint windows and hands out batches of them in a seeded order, a fresh shuffle every epoch. The batch of step n is
/// a function of the seed and n alone, so a run resumes by its step number.
/// </summary>
public sealed class WindowSampler
{
    private readonly TokenCorpus corpus;
    private readonly long seed;
    private readonly int[] order;
    private long shuffledEpoch = -1;

    /// <summary>Prepares windows.</summary>
    /// <param name="corpus">The tokens.</param>
    /// <param name="windowLength">T, inputs per window; a window reads T + 1 tokens, the last only as a target.</param>
    /// <param name="seed">Which order.</param>
    /// <exception cref="FlextronException">The corpus is shorter than one window.</exception>
    public WindowSampler(TokenCorpus corpus, int windowLength, long seed)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        this.corpus = corpus;
        this.seed = seed;
        WindowLength = windowLength;
        order = Enumerable.Range(0, (corpus.Length - 1) / windowLength).ToArray();
        if (order.Length == 0)
            throw new FlextronException($"The corpus has {corpus.Length} tokens, fewer than one window of {windowLength + 1}: give more text or a shorter sequence length.");
    }

    /// <summary>T.</summary>
    public int WindowLength { get; }

    /// <summary>Windows in one epoch.</summary>
    public int WindowCount => order.Length;

    /// <summary>The batch of one step.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="batch">Windows per batch.</param>
    /// <returns>Inputs and targets, int64 on the CPU.</returns>
    public (Tensor Input_BT, Tensor Target_BT) Batch(long step, int batch)
    {
        var windows = new int[batch];
        for (int i = 0; i < batch; i++)
        {
            long position = step * batch + i, epoch = position / order.Length;
            Shuffle(epoch);
            windows[i] = order[position % order.Length];
        }
        return Windows(windows);
    }

    /// <summary>Named windows in corpus order, for evaluation.</summary>
    public (Tensor Input_BT, Tensor Target_BT) Windows(ReadOnlySpan<int> windows)
    {
        long[] input = new long[windows.Length * WindowLength], target = new long[windows.Length * WindowLength];
        for (int i = 0; i < windows.Length; i++)
        {
            ReadOnlySpan<int> ids = corpus.Ids.Slice(windows[i] * WindowLength, WindowLength + 1);
            for (int t = 0; t < WindowLength; t++)
            {
                input[i * WindowLength + t] = ids[t];
                target[i * WindowLength + t] = ids[t + 1];
            }
        }
        long[] shape = [windows.Length, WindowLength];
        return (tensor(input, shape), tensor(target, shape));
    }

    private void Shuffle(long epoch)
    {
        if (epoch == shuffledEpoch) return;
        for (int i = 0; i < order.Length; i++) order[i] = i;
        Seeds.Stream(seed, "window order", epoch).Shuffle(order);
        shuffledEpoch = epoch;
    }
}
