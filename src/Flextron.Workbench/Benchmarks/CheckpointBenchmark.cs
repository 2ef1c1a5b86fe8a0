using Flextron.Checkpoints;
using Flextron.Inference;
using Flextron.Models;

namespace Flextron.Workbench.Benchmarks;

/// <summary>How long a model takes to and from the disk, and how much memory that needs.</summary>
internal sealed class CheckpointBenchmark : IBenchmark
{
    public string Group => "checkpoints";

    public string Name => "files";

    public string Question =>
        "The 110M-parameter Llama shape in float32: writing it as a Hugging Face folder, loading it again from the file cache, and cutting out its half network and writing that; against copying its bytes in memory. "
        + "Peak memory is what the process needs of its own beyond what it had before, over the bytes of the weights that are loaded.";

    public void Measure(BenchmarkSession session)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"flextron-benchmark-{Guid.NewGuid():N}");
        try
        {
            using DecoderModel model = DecodeShape.RandomModel(DecodeShape.Config);
            ModelConfig config = model.Config;
            SubNetwork half = new(Enumerable.Repeat(new BlockShape(config.KvGroupCount / 2, config.NeuronCount / 2), config.BlockCount));
            string whole = Path.Combine(folder, "whole"), small = Path.Combine(folder, "half");
            double bytes = model.Weights.ParameterCount * 4.0;
            const string Save = "save", Load = "load", Export = "export", Copy = "copy";
            CheckpointWriter.Save(model.Weights, whole, CheckpointFormat.HuggingFace);
            CaseTimings times = session.Time(
                new BenchmarkCase(Save, () => CheckpointWriter.Save(model.Weights, whole, CheckpointFormat.HuggingFace)),
                new BenchmarkCase(Load, () => CheckpointLoader.Load(whole).Dispose()),
                new BenchmarkCase(Export, () =>
                {
                    using DecoderWeights cut = StandaloneSlice.Cut(model, half);
                    CheckpointWriter.Save(cut, small, CheckpointFormat.HuggingFace);
                }),
                new BenchmarkCase(Copy, () => model.Weights.Clone().Dispose()));
            session.Ratio("loading / copying in memory", times.Ratio(Load, Copy));
            session.Ratio("peak memory of loading / bytes loaded", [PeakMemory.During(() => CheckpointLoader.Load(whole).Dispose()) / bytes], BenchmarkBound.AtMost(1.15));
            session.Report("saving", "GB/s", times.Rate(Save, bytes));
            session.Report("loading", "GB/s", times.Rate(Load, bytes));
            session.Report("exporting the half network", "ms", times.Of(Export));
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }
}
