using Flextron.Evaluation.Scoring;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Evaluation.Scoring;

/// <summary>A causal model whose logits are a hash of the ids up to each position, so padding or mixing rows can be seen at once.</summary>
internal sealed class HashModel(int vocabulary, int contextLength) : ILogitsModel
{
    public int VocabularySize => vocabulary;

    public int ContextLength => contextLength;

    /// <summary>Rows that <see cref="Hidden"/> was given so far.</summary>
    public int Rows { get; private set; }

    /// <summary>Tokens in them, padding and prefixes aside.</summary>
    public long Tokens { get; private set; }

    /// <summary>Most rows × length at once.</summary>
    public long LargestBatch { get; private set; }

    /// <summary>Most rows of logits at once.</summary>
    public long MostLogits { get; private set; }

    /// <summary>Changes of prefix from one batch to the next: how often a model computes one.</summary>
    public int Prefixes { get; private set; }

    private int[] lastPrefix = [];

    public Tensor Hidden(TokenTrees trees)
    {
        Assert.InRange(trees.Depth, 1, contextLength);
        Rows += trees.Rows;
        Tokens += trees.Lengths.Sum();
        LargestBatch = Math.Max(LargestBatch, trees.Ids.Length);
        if (trees.Prefix.Length > 0 && !trees.Prefix.SequenceEqual(lastPrefix)) Prefixes++;
        lastPrefix = trees.Prefix;
        float[] logits = [.. trees.Picks.SelectMany(place => Logits(trees.Path(place)))];
        return tensor(logits, trees.Picks.Length, vocabulary, dtype: ScalarType.Float32);
    }

    // What is hidden are the logits themselves.
    public Tensor Logits(Tensor hidden_NC)
    {
        MostLogits = Math.Max(MostLogits, hidden_NC.size(0));
        return hidden_NC.alias();
    }

    /// <summary>Logits after a prefix.</summary>
    private float[] Logits(ReadOnlySpan<long> prefix)
    {
        uint hash = 2166136261;
        foreach (long id in prefix) hash = (hash ^ (uint)id) * 16777619;
        var logits = new float[vocabulary];
        for (int v = 0; v < vocabulary; v++)
        {
            uint mixed = (hash ^ (uint)(v * 0x9E3779B9)) * 2654435761;
            logits[v] = ((mixed >> 8) & 0xFFFF) / 8192f;
        }
        return logits;
    }

    /// <summary>The rules of scoring, one request at a time and in double precision.</summary>
    public (double LogProbability, bool IsGreedy) BruteForce(ContinuationTokens request)
    {
        long[] whole = [.. request.Context.Concat(request.Continuation).Select(id => (long)id).TakeLast(contextLength + 1)];
        double sum = 0;
        bool greedy = true;
        int scored = Math.Min(request.Continuation.Length, whole.Length - 1);
        for (int i = whole.Length - scored; i < whole.Length; i++)
        {
            float[] logits = Logits(whole.AsSpan(0, i));
            double max = logits.Max();
            sum += logits[whole[i]] - max - Math.Log(logits.Sum(x => Math.Exp(x - max)));
            greedy &= Array.IndexOf(logits, logits.Max()) == whole[i];
        }
        return (sum, greedy);
    }
}
