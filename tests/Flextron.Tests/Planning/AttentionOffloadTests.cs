using Flextron.Latency;
using Flextron.Mixers;
using Flextron.Models;
using Flextron.Planning;
using Flextron.Tests.Reference;
using static TorchSharp.torch;

namespace Flextron.Tests.Planning;

public sealed class AttentionOffloadTests
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig();
    private static readonly SubNetwork Whole = SubNetwork.Full(Config);

    // 2 blocks, 2 groups of 6, batch 8, mean context 100 + 20 / 2; float32.
    private const double CacheBytes = 2 * 2 * 2 * 6 * 110 * 8 * 4, LinkBytes = 2 * 2 * 2 * 6 * 3 * 8 * 4;

    private static readonly OffloadSetting Setting = new() { LocalGBs = 1, RemoteGBs = 10, LinkGBs = 5, LinkMicroseconds = 2 };

    [Fact]
    public void TimesFollowFromBytesAndBandwidths()
    {
        AttentionOffload plan = AttentionOffload.Of(Table(), Config, Whole, 4, Setting);
        Assert.Equal(2, plan.LocalMs, 1e-12);
        Assert.Equal(2 - CacheBytes / 1e6, plan.RestMs, 1e-12);
        Assert.Equal(CacheBytes / 1e7, plan.RemoteMs, 1e-12);
        Assert.Equal(LinkBytes / 5e6 + 2 * 2 * 2 / 1000.0, plan.LinkMs, 1e-12);
        Assert.Equal(plan.RestMs + plan.RemoteMs + plan.LinkMs, plan.SequentialMs, 1e-12);
        Assert.Equal(Math.Max(plan.RestMs, plan.SequentialMs / 2), plan.PipelinedMs, 1e-12);
        Assert.Equal(8000 / plan.LocalMs, plan.LocalTokensPerSecond, 1e-9);
        Assert.Equal(8000 / plan.PipelinedMs, plan.OffloadedTokensPerSecond, 1e-9);
    }

    [Fact]
    public void AnEqualDeviceBehindAPerfectLinkIsAsFastForOneBatchAndFasterForTwo()
    {
        OffloadSetting perfect = Setting with { RemoteGBs = 1, LinkGBs = double.MaxValue, LinkMicroseconds = 0 };
        Assert.Equal(2, AttentionOffload.Of(Table(), Config, Whole, 4, perfect with { Batches = 1 }).PipelinedMs, 1e-9);
        AttentionOffload two = AttentionOffload.Of(Table(), Config, Whole, 4, perfect);
        Assert.Equal(Math.Max(two.RestMs, Math.Max(two.RemoteMs, 1)), two.PipelinedMs, 1e-9);
        Assert.Equal(double.PositiveInfinity, two.BreakEvenLinkGBs);
    }

    [Fact]
    public void AtTheBreakEvenLinkOneBatchIsAsFastEitherWay()
    {
        AttentionOffload plan = AttentionOffload.Of(Table(), Config, Whole, 4, Setting);
        Assert.InRange(plan.BreakEvenLinkGBs, 0.01, 5);
        AttentionOffload even = AttentionOffload.Of(Table(), Config, Whole, 4, Setting with { LinkGBs = plan.BreakEvenLinkGBs });
        Assert.Equal(even.LocalMs, even.SequentialMs, 1e-9);
        Assert.Equal(double.PositiveInfinity, AttentionOffload.Of(Table(), Config, Whole, 4, Setting with { LinkMicroseconds = 1000 }).BreakEvenLinkGBs);
    }

    [Fact]
    public void MemoryBoundsSequencesOnEitherDevice()
    {
        // At its end a sequence holds all of its 120 tokens, though a step in the middle reads 110.
        double weights = AnalyticCosts.WeightAndCacheBytes(Config, 4, 0, 0).Cost(Whole), sequence = AnalyticCosts.WeightAndCacheBytes(Config, 4, 1, 120).Cost(Whole) - weights;
        AttentionOffload plan = AttentionOffload.Of(Table(), Config, Whole, 4, Setting with { LocalBytes = weights + 3.5 * sequence, RemoteBytes = 20 * sequence });
        Assert.Equal((3.0, 20.0), (plan.LocalSequences, plan.OffloadedSequences));
        // Batches of 8, two of them in flight.
        Assert.Equal((false, true), (plan.LocalFits, plan.OffloadedFits));
        plan = AttentionOffload.Of(Table(), Config, Whole, 4, Setting with { LocalBytes = weights + 8 * sequence, RemoteBytes = 15.9 * sequence });
        Assert.Equal((true, false), (plan.LocalFits, plan.OffloadedFits));
        Assert.Contains("The weights take", Assert.Throws<FlextronException>(() => AttentionOffload.Of(Table(), Config, Whole, 4, Setting with { LocalBytes = weights - 1 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SkippedAttentionNeedsNeitherLinkNorDevice()
    {
        AttentionOffload plan = AttentionOffload.Of(Table(), Config, new SubNetwork([new(0, 20), new(0, 20)]), 4, Setting);
        Assert.Equal((0.0, 0.0), (plan.RemoteMs, plan.LinkMs));
        Assert.Equal(plan.LocalMs, plan.SequentialMs, 1e-12);
    }

    [Fact]
    public void ContradictionsAreRefused()
    {
        string Message(OffloadSetting setting) => Assert.Throws<FlextronException>(() => AttentionOffload.Of(Table(), Config, Whole, 4, setting)).Message;
        Assert.Contains("really reaches", Message(Setting with { LocalGBs = 0.001 }), StringComparison.Ordinal);
        Assert.Contains("LinkGBs is 0", Message(Setting with { LinkGBs = 0 }), StringComparison.Ordinal);
        LatencyTable prompt = Table() with { Key = Table().Key with { Workload = new LatencyWorkload(8, 100) } };
        Assert.Contains("--generated-tokens", Assert.Throws<FlextronException>(() => AttentionOffload.Of(prompt, Config, Whole, 4, Setting)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BlocksThatDoNotReadTheirWholeContextAreRefused()
    {
        string Message(ModelConfig config) => Assert.Throws<FlextronException>(() => AttentionOffload.Of(Table(), config, Whole, 4, Setting)).Message;
        Assert.Contains("retention", Message(Config with { Mixers = MixerPattern.Of(MixerKind.Retention, 2, []) }), StringComparison.Ordinal);
        Assert.Contains("sliding window", Message(Config with { Architecture = Config.Architecture with { SlidingWindow = 4 } }), StringComparison.Ordinal);
    }

    // A decode step of 2 ms: 0.4 fixed, and 0.5 and 0.3 for the parts of each of two blocks.
    internal static LatencyTable Table()
    {
        var none = new Quartiles(1, 1, 1, 1);
        LatencyEntry Entry(int width, double step) => new(width, 1 + 20 * step, 1, step, none, none);
        return new LatencyTable
        {
            Key = new LatencyKey
            {
                Device = "cpu", DeviceName = "test", Dtype = ScalarType.Float32, Threads = 1, Workload = new LatencyWorkload(8, 100, 20), Model = LatencyModelShape.Of(Config),
            },
            FixedMs = 9, FixedPrefillMs = 1, FixedStepMs = 0.4, FixedPrefill = none, Attention = [Entry(1, 0.3), Entry(2, 0.5)], Mlp = [Entry(20, 0.3)],
            Calibration = new LatencyCalibration(1, 0, [], []),
        };
    }
}
