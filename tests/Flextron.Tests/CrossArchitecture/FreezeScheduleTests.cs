using Flextron.CrossArchitecture;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Mixers;
using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Training;
using Flextron.Training.Checkpoints;
using Flextron.Training.Passes;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.CrossArchitecture;

public sealed class FreezeScheduleTests
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig();
    private static readonly TokenCorpus Corpus = TokenCorpus.OfIds([.. Enumerable.Range(0, 2000).Select(i => i * 5 % 23)]);
    private static readonly HashSet<string> Names = ["embedding", "blocks.0.output", "blocks.0.up", "blocks.1.query"];

    private static readonly JointTrainingSettings Training = new()
    {
        Steps = 24, BatchSize = 2, SequenceLength = 12, Strategy = SamplingStrategy.Full, NetworksPerStep = 1, LearningRate = 3e-3, WeightDecay = 0.1, WarmupSteps = 2, DistillationWeight = 0, EvaluateEvery = 0,
    };

    [Fact]
    public void AStageIsReleasedExactlyWhenTheMeanStopsImproving()
    {
        var freeze = new FreezeSchedule(Names, new FreezeSettings { Window = 3, Threshold = 0.1 });
        // Means of threes: 10; 8 (20 % better); 7.9 (1.25 %: release); 7.8 and 7 (10.3 %: none, measured afresh); 6.9 (1.4 %: release); 6.8 and 6.8 (release).
        double[] means = [10, 8, 7.9, 7.8, 7, 6.9, 6.8, 6.8, 1];
        var changed = new List<int>();
        for (int step = 1; step <= 3 * means.Length; step++)
        {
            // Unequal within a window: it is the mean that counts.
            double loss = means[(step - 1) / 3] + (step % 3 - 1);
            if (freeze.Observe(step, loss)) changed.Add(step);
        }

        Assert.Equal([9, 18, 24], changed);
        Assert.Equal([9, 18, 24], freeze.Releases);
        Assert.Equal(3, freeze.Released);
        // Also afterwards it knows what was free behind every step.
        Assert.Equal([0, 0, 1, 1, 2, 2, 3, 3], new[] { 0, 8, 9, 17, 18, 23, 24, 99 }.Select(freeze.ReleasedAfter));
    }

    [Theory]
    [InlineData(0, new[] { "embedding", "blocks.0.output", "blocks.0.up", "blocks.1.query" })]
    [InlineData(1, new[] { "embedding", "blocks.0.up" })]
    [InlineData(2, new[] { "embedding" })]
    [InlineData(3, new string[0])]
    public void StagesGoFromAttentionOutwards(int released, string[] frozen)
    {
        var freeze = new FreezeSchedule(Names, new FreezeSettings { Window = 1, Threshold = 0.5 });
        for (int i = 0; i < 2 * released; i++) freeze.Observe(i + 1, 1);

        Assert.Equal(frozen, Names.Where(freeze.IsFrozen));
        Assert.False(freeze.IsFrozen("blocks.0.query"));
    }

    [Fact]
    public void AllAtOnceAndNotAtAllAreSettings()
    {
        var atOnce = new FreezeSchedule(Names, new FreezeSettings { Window = 1, Threshold = 0.5, Progressive = false });
        Assert.False(atOnce.Observe(1, 1));
        Assert.True(atOnce.Observe(2, 1));
        Assert.DoesNotContain(Names, atOnce.IsFrozen);
        Assert.Equal([0, FreezeSchedule.Stages], new[] { 1, 2 }.Select(atOnce.ReleasedAfter));
        var off = new FreezeSchedule(Names, new FreezeSettings { Enabled = false });
        Assert.DoesNotContain(Names, off.IsFrozen);
        Assert.Equal(FreezeSchedule.Stages, off.ReleasedAfter(0));
    }

    [Fact]
    public void ARestoredScheduleGoesOnAsIfNeverStopped()
    {
        double[] losses = [.. Enumerable.Range(0, 60).Select(i => 5 * Math.Exp(-i / 9.0) + 2 + 0.1 * (i % 4))];
        var settings = new FreezeSettings { Window = 4, Threshold = 0.03 };
        FreezeSchedule straight = new(Names, settings), first = new(Names, settings), second = new(Names, settings);
        for (int i = 0; i < 60; i++) straight.Observe(i + 1, losses[i]);
        for (int i = 0; i < 33; i++) first.Observe(i + 1, losses[i]);
        second.State = first.State;
        for (int i = 33; i < 60; i++) second.Observe(i + 1, losses[i]);

        Assert.Equal(3, straight.Releases.Count);
        Assert.Equal(straight.Releases, second.Releases);
        Assert.Equal(straight.State, second.State);
    }

    [Fact]
    public void FrozenWeightsKeepEveryBitUntilTheirStageIsReleased()
    {
        using DecoderWeights pretrained = RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config);
        using TransferredModel transferred = ArchitectureTransfer.Create(pretrained, new TransferSettings { Mixer = MixerKind.StateSpace });
        using var model = new DecoderModel(transferred.Weights, ownsWeights: false);
        using DecoderWeights start = transferred.Weights.Clone();
        var freeze = new FreezeSchedule(transferred.Transferred, new FreezeSettings { Window = 3, Threshold = 0.9 });
        using var trainer = new JointTrainer(model, ElasticSpace.For(model.Config), Training, freeze: freeze);

        trainer.Run(Corpus, onStep: step =>
        {
            // With this threshold a stage goes after each two windows, so after steps 6, 12 and 18; a step's update used what was frozen before it.
            int before = Math.Min((step.Step - 1) / 6, 3);
            foreach (((string name, Tensor now), (_, Tensor then)) in transferred.Weights.Named().Zip(start.Named()))
            {
                bool frozen = transferred.Transferred.Contains(name) && FreezeSchedule.StageOf(name) >= before;
                Assert.True(now.Equals(then) == frozen, $"{name} after step {step.Step}");
            }
        });

        Assert.Equal([6, 12, 18], freeze.Releases);
    }

    [Fact]
    public void FreezingChangesNothingElse()
    {
        // Where nothing named is frozen, the run is the same bit for bit; and so is one whose schedule is off.
        using DecoderWeights pretrained = RandomLlama.Create(Config, seed: 2).ToDecoderWeights(Config);
        float[] Trained(Func<TransferredModel, IWeightFreeze?> freeze)
        {
            using TransferredModel transferred = ArchitectureTransfer.Create(pretrained, new TransferSettings());
            using var model = new DecoderModel(transferred.Weights, ownsWeights: false);
            using var trainer = new JointTrainer(model, ElasticSpace.For(model.Config), Training with { Steps = 6 }, freeze: freeze(transferred));
            trainer.Run(Corpus);
            return transferred.Weights.Flat.data<float>().ToArray();
        }

        float[] plain = Trained(_ => null);
        Assert.Equal(plain, Trained(_ => new FreezeSchedule(new HashSet<string>(), new FreezeSettings())));
        Assert.Equal(plain, Trained(t => new FreezeSchedule(t.Transferred, new FreezeSettings { Enabled = false })));
        Assert.NotEqual(plain, Trained(t => new FreezeSchedule(t.Transferred, new FreezeSettings())));
    }

    [Fact]
    public void AStoppedRunGoesOnBitForBit()
    {
        using var folder = new TemporaryFolder();
        using DecoderWeights pretrained = RandomLlama.Create(Config, seed: 3).ToDecoderWeights(Config);
        var settings = new FreezeSettings { Window = 3, Threshold = 0.9 };
        CheckpointStore Store() => new(folder["checkpoints"], new TrainingIdentity(Training, new Dictionary<string, string>()));

        (float[] Weights, IReadOnlyList<int> Releases) Run(int stopAfter, bool restore)
        {
            using TransferredModel transferred = ArchitectureTransfer.Create(pretrained, new TransferSettings { Mixer = MixerKind.Retention });
            using var model = new DecoderModel(transferred.Weights, ownsWeights: false);
            var freeze = new FreezeSchedule(transferred.Transferred, settings);
            using var trainer = new JointTrainer(model, ElasticSpace.For(model.Config), Training, freeze: freeze);
            if (restore) Store().Restore(trainer);
            using var stop = new CancellationTokenSource();
            try
            {
                trainer.Run(Corpus, onStep: s =>
                {
                    if (s.Step == stopAfter) stop.Cancel();
                }, cancellation: stop.Token);
            }
            catch (OperationCanceledException)
            {
                Store().Save(trainer);
            }
            return (transferred.Weights.Flat.data<float>().ToArray(), freeze.Releases);
        }

        (float[] straight, IReadOnlyList<int> releases) = Run(stopAfter: 0, restore: false);
        Run(stopAfter: 11, restore: false);
        (float[] resumed, IReadOnlyList<int> again) = Run(stopAfter: 0, restore: true);

        Assert.Equal(straight, resumed);
        Assert.Equal(releases, again);
        // Without the schedule it would be another run.
        using TransferredModel other = ArchitectureTransfer.Create(pretrained, new TransferSettings { Mixer = MixerKind.Retention });
        using var unfrozen = new DecoderModel(other.Weights, ownsWeights: false);
        using var plain = new JointTrainer(unfrozen, ElasticSpace.For(unfrozen.Config), Training);
        Assert.Contains("with frozen weights: go on as it was begun", Assert.Throws<FlextronException>(() => Store().Restore(plain)).Message, StringComparison.Ordinal);
    }
}
