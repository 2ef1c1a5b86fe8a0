using System.Runtime.InteropServices;
using Flextron.Inference.Kernels;
using Flextron.Models;

namespace Flextron.Inference.Decoding;

/// <summary>The working memory of a session or batch: one allocation, sized once for the whole network.</summary>
internal sealed unsafe class DecodeBuffers : IDisposable
{
    /// <summary>Most tokens of a prompt that pass through the network together: each reading of the weights serves them all.</summary>
    public const int MostBlockTokens = 128;

    /// <summary>Rows of a down or output projection that are summed before they are added to the residual stream.</summary>
    public const int ChunkRows = 128;

    /// <summary>Entries of a group that are attended to in one piece.</summary>
    public const int ChunkEntries = 256;

    private readonly NativeBuffer memory, scratch;
    private readonly long scratchStride;

    /// <summary>Takes memory.</summary>
    /// <param name="config">The model.</param>
    /// <param name="capacity">Tokens of a sequence.</param>
    /// <param name="sequences">Sequences that may pass together, each with a token and logits.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="kernels">Decide the scratch that a thread needs.</param>
    public DecodeBuffers(ModelConfig config, int capacity, int sequences, int workers, IKernels kernels)
    {
        long offset = 0;
        BlockTokens = Math.Min(MostBlockTokens, capacity);
        PassTokens = Math.Max(BlockTokens, sequences);
        // Rows begin on cache lines and leave room for a whole vector behind their last element.
        static int Padded(long count) => checked((int)((count + 31) / 16 * 16));
        long Take(long floats)
        {
            long at = offset;
            offset += (floats + 15) / 16 * 16;
            return at;
        }

        int heads = config.HeadCount, size = config.HeadSize, chunks = (capacity + ChunkEntries - 1) / ChunkEntries;
        Width = Padded(config.HiddenSize);
        QueryStride = Padded((long)heads * size);
        KeyStride = Padded((long)config.KvGroupCount * size);
        NeuronStride = Padded(config.NeuronCount);
        PartialResult = config.HeadsPerGroup * (size + 2);
        PartialStride = Padded((long)CachedAttention.TokensTogether * PartialResult);
        NormedStride = Padded(config.HiddenSize);
        LogitsStride = Padded(config.VocabularySize);
        int sumChunks = Math.Max(Chunks((long)heads * size), Chunks(config.NeuronCount));
        SumsOffset = Padded((long)CachedAttention.TokensTogether * config.HeadsPerGroup * (ChunkEntries + kernels.Lanes));
        ScoreFloats = SumsOffset + Padded(4L * size * kernels.Lanes);
        AttentionStride = Padded((long)chunks * PartialStride);
        long residual = Take((long)PassTokens * Width), normed = Take((long)Math.Max(PassTokens, workers) * NormedStride);
        long mlpNormed = config.Architecture.ParallelResidual ? Take((long)Math.Max(PassTokens, workers) * NormedStride) : normed, query = Take((long)PassTokens * QueryStride);
        long key = Take((long)PassTokens * KeyStride), value = Take((long)PassTokens * KeyStride), joined = Take((long)PassTokens * QueryStride);
        long gate = Take((long)PassTokens * NeuronStride), up = Take((long)PassTokens * NeuronStride), sums = Take((long)sumChunks * Width);
        long cos = Take((long)PassTokens * Padded(size)), sin = Take((long)PassTokens * Padded(size)), logits = Take((long)sequences * LogitsStride);
        long entered = Take((long)PassTokens * Width);
        long scores = Take((long)workers * ScoreFloats), partial = Take((long)Math.Max(workers, config.KvGroupCount) * AttentionStride);
        AngleStride = Padded(size);
        memory = new NativeBuffer(offset * sizeof(float), "the working memory of decoding");
        float* start = (float*)memory.Start;
        // Longer than a span may be, where many sequences have logits of a large vocabulary.
        NativeMemory.Clear(start, checked((nuint)offset * sizeof(float)));
        scratchStride = (kernels.ScratchFloats(config.HiddenSize, PassTokens, ChunkRows) + 31) / 16 * 16;
        scratch = new NativeBuffer(workers * scratchStride * sizeof(float), "the working memory of reading a prompt");
        Residual = start + residual;
        Normed = start + normed;
        MlpNormed = start + mlpNormed;
        Query = start + query;
        Key = start + key;
        Value = start + value;
        Heads = start + joined;
        Gate = start + gate;
        Up = start + up;
        Sums = start + sums;
        Cos = start + cos;
        Sin = start + sin;
        Logits = start + logits;
        Entered = start + entered;
        Scores = start + scores;
        Partial = start + partial;
    }

    /// <summary>Tokens of a prompt that pass through the network together.</summary>
    public int BlockTokens { get; }

    /// <summary>Tokens that pass together at most, of one sequence or of several.</summary>
    public int PassTokens { get; }

    public int Width { get; }
    public int NormedStride { get; }
    public int QueryStride { get; }
    public int KeyStride { get; }
    public int NeuronStride { get; }
    public int AngleStride { get; }
    public int LogitsStride { get; }
    public int ScoreFloats { get; }
    public int SumsOffset { get; }
    public int PartialResult { get; }
    public int PartialStride { get; }
    public int AttentionStride { get; }
    public float* Residual { get; }
    public float* Normed { get; }

    /// <summary>What the MLP reads; a room of its own where attention does not come before it.</summary>
    public float* MlpNormed { get; }

    public float* Query { get; }
    public float* Key { get; }
    public float* Value { get; }
    public float* Heads { get; }
    public float* Gate { get; }
    public float* Up { get; }
    public float* Sums { get; }
    public float* Cos { get; }
    public float* Sin { get; }
    public float* Logits { get; }

    /// <summary>The residual stream of tokens as they entered a block, of those whose updates the block weighs.</summary>
    public float* Entered { get; }

    public float* Scores { get; }
    public float* Partial { get; }

    /// <summary>Pieces that so many rows are summed in.</summary>
    public static int Chunks(long rows) => checked((int)((rows + ChunkRows - 1) / ChunkRows));

    /// <summary>A thread's own room for coefficients and sums of a block of tokens.</summary>
    public float* Scratch(int worker) => (float*)scratch.Start + worker * scratchStride;

    /// <inheritdoc/>
    public void Dispose()
    {
        memory.Dispose();
        scratch.Dispose();
    }
}
