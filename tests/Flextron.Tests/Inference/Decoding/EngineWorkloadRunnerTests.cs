using System.Diagnostics;
using Flextron.Elastic;
using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Selection;
using Flextron.Tests.Reference;

namespace Flextron.Tests.Inference.Decoding;

/// <summary>Real timings, so only what holds on any machine under any load is asserted.</summary>
public sealed class EngineWorkloadRunnerTests
{
    private static readonly ProfileSettings Quick = new() { MinimumRounds = 3, Seconds = 0, WarmUpSeconds = 0, CalibrationNetworks = 2, MinimumWindowMs = 0 };

    private static readonly ModelConfig Config = new()
    {
        Family = "llama", VocabularySize = 64, HiddenSize = 64, BlockCount = 3, HeadCount = 4, KvGroupCount = 2, HeadSize = 16, NeuronCount = 256, ContextLength = 64,
    };

    [Fact]
    public void PartsAreTimedForPromptAndStepsAndAddUpToNoMoreThanTheCall()
    {
        using DecoderModel model = Model();
        using var engine = new DecodeEngine(model);
        using var runner = new EngineWorkloadRunner(engine, model, new LatencyWorkload(1, 40, 5));
        SubNetwork network = new([new BlockShape(2, 256), BlockShape.Skipped, new BlockShape(1, 64)]);
        runner.Parts(network);
        long start = Stopwatch.GetTimestamp();
        PartsTiming timing = runner.Parts(network);
        double whole = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        Assert.Equal(1 + 2 * Config.BlockCount, timing.PrefillMs.Length);
        Assert.Equal(5, timing.StepsMs.Count);
        Assert.All(timing.StepsMs.Append(timing.PrefillMs), parts =>
        {
            Assert.Equal(7, parts.Length);
            Assert.All(parts, ms => Assert.True(ms >= 0));
            Assert.All((int[])[0, 1, 2, 5, 6], part => Assert.True(parts[part] > 0));
        });
        double timed = timing.PrefillMs.Sum() + timing.StepsMs.Sum(s => s.Sum());
        Assert.InRange(timed, 0, whole);
    }

    [Fact]
    public void ATableOfDecodingNamesTheEngineAndServesNoOther()
    {
        using DecoderModel model = Model();
        ElasticSpace space = ElasticSpace.For(Config, steps: 4);
        using DecodeEngine engine = new(model), small = new(model, WeightFormat.Int8);
        using var runner = new EngineWorkloadRunner(engine, model);
        using var other = new EngineWorkloadRunner(small, model);
        using var torch = new TorchWorkloadRunner(model, runner.Key.Workload);
        LatencyTable table = LatencyProfiler.Profile(runner, space, Quick);
        Assert.Equal(("decode engine, float32 weights", new LatencyWorkload(1, 42, 22), Environment.ProcessorCount), (table.Key.Engine, table.Key.Workload, table.Key.Threads));
        Assert.Same(table, table.RequireMatch(table.Key.Here(model)));
        Assert.Contains("int8", Assert.Throws<FlextronException>(() => table.RequireMatch(other.Key)).Message, StringComparison.Ordinal);
        Assert.Throws<FlextronException>(() => table.RequireMatch(torch.Key));
        // 8 steps are sampled in every pass; a round passes every block through every width.
        Assert.All(table.Mlp, e => Assert.Equal((3 * Config.BlockCount, 8 * 3 * Config.BlockCount), (e.Prefill.Count, e.DecodeStep?.Count)));
        Assert.Equal(3, TableHonesty.Check(table, runner, space, count: 3, seed: 1, Quick).Decode!.Pairs.Count);
        double middle = (table.FullMs() + table.Predict(space.Smallest)) / 2;
        SelectedNetwork chosen = new Budget(BudgetKind.Milliseconds, middle, "middle").Resolve(new NetworkSelector(Config, space) { Latency = table });
        Assert.True(table.Predict(chosen.SubNetwork) <= middle);
    }

    [Fact]
    public void ATableOfSeveralSequencesAtOnceIsKeyedByTheirNumber()
    {
        using DecoderModel model = Model();
        ElasticSpace space = ElasticSpace.For(Config, steps: 4);
        using var engine = new DecodeEngine(model);
        using var one = new EngineWorkloadRunner(engine, model, new LatencyWorkload(1, 20, 8));
        using var five = new EngineWorkloadRunner(engine, model, new LatencyWorkload(5, 20, 8));
        LatencyTable table = LatencyProfiler.Profile(five, space, Quick);
        Assert.Equal(5, table.Key.Workload.Batch);
        Assert.Contains("workload", Assert.Throws<FlextronException>(() => table.RequireMatch(one.Key)).Message, StringComparison.Ordinal);
        // Every part of a step is timed, once for all sequences.
        Assert.All(five.Parts(model.FullNetwork).StepsMs, parts => Assert.All(parts, ms => Assert.True(ms > 0)));
        Assert.True(five.Whole(model.FullNetwork) is { PrefillMs: > 0, DecodeMs: > 0 });
    }

    [Fact]
    public void AnEngineOfAnotherModelIsRefused()
    {
        using DecoderModel model = Model();
        ModelConfig narrow = Config with { NeuronCount = 128 };
        using var other = new DecoderModel(RandomLlama.Create(narrow, seed: 1).ToDecoderWeights(narrow));
        using DecoderModel half = new(RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config).Clone(TorchSharp.torch.ScalarType.BFloat16));
        using var engine = new DecodeEngine(model);
        Assert.Contains("another model", Assert.Throws<FlextronException>(() => new EngineWorkloadRunner(engine, other)).Message, StringComparison.Ordinal);
        Assert.Contains("BFloat16", Assert.Throws<FlextronException>(() => new EngineWorkloadRunner(engine, half)).Message, StringComparison.Ordinal);
    }

    private static DecoderModel Model() => new(RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config));
}
