namespace Flextron.Workbench.Benchmarks;

/// <summary>All benchmarks. A new one is a file here and a line in this list.</summary>
public static class BenchmarkList
{
    /// <summary>Fresh instances, in the order they run.</summary>
    public static IReadOnlyList<IBenchmark> All() =>
    [
        new MachineBenchmark(),
        new TrainingStepBenchmark(),
        new JointStepBenchmark(),
        new SliceOverheadBenchmark(),
        new SliceSwitchBenchmark(),
        new RankingBenchmark(),
        new CorpusBenchmark(),
        new TokenizerBenchmark(),
        new CheckpointBenchmark(),
        new EvaluationBenchmark(),
        new LatencyTableBenchmark(),
        new DecodeBandwidthBenchmark(),
        new SmallDecodeBenchmark(),
        new OddWidthBenchmark(),
        new DecodeBatchBenchmark(),
        new PrefillBenchmark(),
        new DecodeScalingBenchmark(),
        new ContextCostBenchmark(),
    ];
}
