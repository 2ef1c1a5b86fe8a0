using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>Some of a pass's tokens, packed sequence by sequence: R sequences that have any, P the most that one has, shorter ones padded at the end.</summary>
internal sealed class TokenGroup
{
    private readonly int time;

    private TokenGroup(int time, int[] sequences, int[] counts, List<int> tokens)
    {
        (this.time, Sequences, Counts, Tokens) = (time, sequences, counts, tokens);
        Longest = counts.Length == 0 ? 0 : counts.Max();
    }

    /// <summary>R sequences, ascending.</summary>
    public int[] Sequences { get; }

    /// <summary>How many tokens each has.</summary>
    public int[] Counts { get; }

    /// <summary>P.</summary>
    public int Longest { get; }

    /// <summary>Flat indices b·T + t, ascending.</summary>
    public List<int> Tokens { get; }

    /// <summary>Whether no sequence is padded.</summary>
    public bool IsRectangular => Sequences.Length * Longest == Tokens.Count;

    /// <summary>The tokens that a condition holds for.</summary>
    /// <param name="batch">B.</param>
    /// <param name="time">T.</param>
    /// <param name="isIn">By flat index.</param>
    public static TokenGroup Of(int batch, int time, Func<int, bool> isIn)
    {
        (var sequences, var counts, var tokens) = (new List<int>(), new List<int>(), new List<int>());
        for (int b = 0; b < batch; b++)
        {
            int before = tokens.Count;
            for (int at = b * time; at < (b + 1) * time; at++)
                if (isIn(at)) tokens.Add(at);
            if (tokens.Count == before) continue;
            sequences.Add(b);
            counts.Add(tokens.Count - before);
        }
        return new TokenGroup(time, [.. sequences], [.. counts], tokens);
    }

    /// <summary>Flat indices as a tensor.</summary>
    public Tensor Flat_N(Device device) => tensor(Tokens.Select(t => (long)t).ToArray(), device: device);

    /// <summary>Positions of the tokens in their sequences.</summary>
    /// <param name="start">Position of the pass's first token.</param>
    /// <param name="device">Where.</param>
    public Tensor Positions_N(int start, Device device) => tensor(Tokens.Select(t => (long)(start + t % time)).ToArray(), device: device);

    /// <summary>Index of each token in the padded R × P grid.</summary>
    public Tensor Grid_N(Device device)
    {
        long[] grid = new long[Tokens.Count];
        int at = 0;
        for (int r = 0; r < Counts.Length; r++)
            for (int p = 0; p < Counts[r]; p++) grid[at++] = (long)r * Longest + p;
        return tensor(grid, device: device);
    }

    /// <summary>Which sequence each token belongs to.</summary>
    public int[] SequenceOfEach() => [.. Sequences.Zip(Counts).SelectMany(p => Enumerable.Repeat(p.First, p.Second))];
}
