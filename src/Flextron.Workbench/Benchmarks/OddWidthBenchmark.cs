using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.Models;

namespace Flextron.Workbench.Benchmarks;

/// <summary>What a width costs that fills its last vector, or its last group of rows, only in part.</summary>
internal sealed class OddWidthBenchmark : IBenchmark
{
    private const int Tokens = 200;

    // Channels are columns of every matrix, neurons rows; 172 of them is what the smallest story model has.
    private static readonly (string What, ModelConfig Odd, ModelConfig Whole)[] Pairs =
    [
        ("24 / 32 channels", Shape(24, 96), Shape(32, 96)),
        ("40 / 48 channels", Shape(40, 160), Shape(48, 160)),
        ("172 / 176 channels", Shape(172, 344), Shape(176, 344)),
        ("172 / 176 neurons", Shape(64, 172), Shape(64, 176)),
    ];

    public string Group => "decode";

    public string Name => "widths";

    public string Question =>
        $"Greedy decoding of {Tokens} tokens, one thread, small Llama shapes (4 blocks of 8 heads of 8 in 4 groups, vocabulary 512, random weights) with a width that is no multiple of a vector against the next one that is a multiple of 16, all "
        + "else the same: time of a token over the other's, in every format of weights. The odd width has less to do, so that anything beyond 1 is the cost of its last columns or rows.";

    public void Measure(BenchmarkSession session)
    {
        foreach (WeightFormat format in (WeightFormat[])[WeightFormat.Float32, WeightFormat.BFloat16, WeightFormat.Int8])
        {
            foreach ((string what, ModelConfig odd, ModelConfig whole) in Pairs)
            {
                using DecoderModel oddModel = DecodeShape.RandomModel(odd), wholeModel = DecodeShape.RandomModel(whole);
                using DecodeEngine oddEngine = new(oddModel, format), wholeEngine = new(wholeModel, format);
                using DecodeSession oddSession = oddEngine.NewSession(threads: 1), wholeSession = wholeEngine.NewSession(threads: 1);
                CaseTimings times = session.Time(
                    new BenchmarkCase("odd", () => GreedyDecoding.Run(oddSession, oddModel.FullNetwork, Tokens)),
                    new BenchmarkCase("whole", () => GreedyDecoding.Run(wholeSession, wholeModel.FullNetwork, Tokens)));
                session.Ratio($"{format}: time of {what}", times.Ratio("odd", "whole"), BenchmarkBound.AtMost(1.15));
                session.Report($"{format}: {what}, the former", "tokens/s", times.Rate("odd", Tokens, 1));
            }
        }
    }

    private static ModelConfig Shape(int channels, int neurons) => new()
    {
        Family = "llama", VocabularySize = 512, HiddenSize = channels, BlockCount = 4, HeadCount = 8, KvGroupCount = 4, HeadSize = 8, NeuronCount = neurons, ContextLength = 256, TiedEmbeddings = true,
    };
}
