namespace Flextron.Workbench.Benchmarks;

/// <summary>The machine's own limits; measured in every report, so that the other numbers can be read against them.</summary>
internal sealed class MachineBenchmark : IBenchmark
{
    public string Group => "machine";

    public string Name => "limits";

    public string Question => "Matrix products of 1024³ by libtorch in float32 and bfloat16, and the bandwidth of a += s·b over arrays of 64 MB (bytes read and written).";

    public void Measure(BenchmarkSession session)
    {
        using var limits = new MachineLimits();
        CaseTimings times = session.Time(limits.Float32Case, limits.BFloat16Case, limits.TriadCase);
        session.Ratio("bfloat16 GEMM rate / float32 GEMM rate", times.Ratio(MachineLimits.GemmFloat32, MachineLimits.GemmBFloat16));
        session.Report(MachineLimits.GemmFloat32, "GFLOP/s", times.Rate(MachineLimits.GemmFloat32, MachineLimits.GemmFlops));
        session.Report(MachineLimits.GemmBFloat16, "GFLOP/s", times.Rate(MachineLimits.GemmBFloat16, MachineLimits.GemmFlops));
        session.Report("triad bandwidth", "GB/s", times.Rate(MachineLimits.Triad, MachineLimits.TriadBytes));
    }
}
