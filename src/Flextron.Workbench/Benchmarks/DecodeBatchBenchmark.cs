using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.Models;

namespace Flextron.Workbench.Benchmarks;

/// <summary>What decoding several sequences at once gains over one by one.</summary>
internal sealed class DecodeBatchBenchmark : IBenchmark
{
    private const int Behind = 32, Steps = 2;

    private static readonly int[] Counts = [1, 2, 4, 8, 16];

    public string Group => "decode";

    public string Name => "batch";

    public string Question =>
        $"The 110M-parameter Llama shape on all processors, {string.Join(", ", Counts)} sequences of {Behind} tokens at once: tokens/s over those of one sequence, float32 and 8-bit weights; and eight sequences of which half have the whole network and half the quarter "
        + "one, in one step, against the two halves in steps of their own: tokens of unequal widths share the weights that both keep.";

    public void Measure(BenchmarkSession session)
    {
        using DecoderModel model = DecodeShape.RandomModel(DecodeShape.Config);
        ModelConfig config = model.Config;
        SubNetwork quarter = new(Enumerable.Repeat(new BlockShape(config.KvGroupCount / 4, config.NeuronCount / 4), config.BlockCount));
        foreach (WeightFormat format in (WeightFormat[])[WeightFormat.Float32, WeightFormat.Int8])
        {
            using var engine = new DecodeEngine(model, format);
            using DecodeBatch batch = engine.NewBatch(Counts[^1], Behind + Steps);
            int[] before = [.. Enumerable.Range(0, Behind)];
            for (int s = 0; s < batch.Count; s++) batch.Prefill(s, before);
            BenchmarkCase Case(string name, params BatchToken[][] steps) => new(name, () =>
            {
                for (int i = 0; i < Steps; i++)
                    foreach (BatchToken[] step in steps) batch.Step(step);
                for (int s = 0; s < batch.Count; s++) batch.TruncateTo(s, Math.Min(Behind, batch.Length(s)));
            });
            BatchToken[] Tokens(int first, int count, SubNetwork? network = null) => [.. Enumerable.Range(first, count).Select(s => new BatchToken(s, s, network))];
            string Name(int n) => $"{format}, {n} at once";
            CaseTimings times = session.Time(
            [
                .. Counts.Select(n => Case(Name(n), Tokens(0, n))),
                Case("mixed", [.. Tokens(0, 4), .. Tokens(4, 4, quarter)]), Case("apart", Tokens(0, 4), Tokens(4, 4, quarter)),
            ]);
            foreach (int n in Counts[1..])
                session.Ratio($"{format}: tokens/s of {n} sequences / of one", [.. times.Ratio(Name(1), Name(n)).Select(r => r * n)], n == 4 ? BenchmarkBound.AtLeast(2) : null);
            session.Ratio($"{format}: whole and quarter networks apart / together", times.Ratio("apart", "mixed"));
            foreach (int n in Counts) session.Report(Name(n), "tokens/s", times.Rate(Name(n), n * Steps, 1));
        }
    }
}
