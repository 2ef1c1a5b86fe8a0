using Flextron.Evaluation;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Evaluation;

/// <summary>A causal model whose logits are a hash of the ids up to each position, so padding or mixing rows can be seen at once.</summary>
internal sealed class HashModel(int vocabulary, int contextLength) : ILogitsModel
{
    public int VocabularySize => vocabulary;

    public int ContextLength => contextLength;

    /// <summary>Rows given to <see cref="Forward"/> so far.</summary>
    public int Rows { get; private set; }

    /// <summary>Largest rows × length given to <see cref="Forward"/>.</summary>
    public long LargestBatch { get; private set; }

    public Tensor Forward(Tensor ids_BT)
    {
        long rows = ids_BT.shape[0], length = ids_BT.shape[1];
        Assert.InRange(length, 1, contextLength);
        Rows += (int)rows;
        LargestBatch = Math.Max(LargestBatch, rows * length);
        long[] ids = ids_BT.data<long>().ToArray();
        var logits = new float[rows * length * vocabulary];
        for (long b = 0; b < rows; b++)
        {
            for (int t = 0; t < length; t++)
                Logits(ids.AsSpan((int)(b * length), t + 1)).CopyTo(logits, ((b * length) + t) * vocabulary);
        }
        return tensor(logits, rows, length, vocabulary, dtype: ScalarType.Float32);
    }

    /// <summary>Logits after a prefix.</summary>
    public float[] Logits(ReadOnlySpan<long> prefix)
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
