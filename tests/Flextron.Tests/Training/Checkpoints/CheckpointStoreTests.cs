using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Training;
using Flextron.Training.Checkpoints;
using static TorchSharp.torch;

namespace Flextron.Tests.Training.Checkpoints;

public sealed class CheckpointStoreTests
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig();
    private static readonly TokenCorpus Corpus = TokenCorpus.OfIds([.. Enumerable.Range(0, 2000).Select(i => i * 5 % 23)]);

    private static readonly JointTrainingSettings Settings = new()
    {
        Steps = 12, BatchSize = 2, BatchesPerStep = 2, SequenceLength = 16, LearningRate = 3e-3, WarmupSteps = 2, DistillationWeight = 0, NetworksPerStep = 3, EvaluateEvery = 0,
    };

    private static TrainingIdentity Identity => new(Settings, new Dictionary<string, string> { ["corpus"] = "c0ffee" });

    // A fresh start, as a new process makes it.
    private sealed class Run : IDisposable
    {
        public Run(JointTrainingSettings? settings = null)
        {
            Model = new DecoderModel(RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config));
            Trainer = new JointTrainer(Model, ElasticSpace.For(Config), settings ?? Settings);
        }

        public DecoderModel Model { get; }

        public JointTrainer Trainer { get; }

        public Run UpTo(int step, CheckpointStore store, int every)
        {
            using var stop = new CancellationTokenSource();
            try
            {
                new CheckpointedTraining(Trainer, store, every).Run(hear => Trainer.Run(Corpus, onStep: hear, cancellation: stop.Token), s => { if (s.Step == step) stop.Cancel(); });
            }
            catch (OperationCanceledException) when (step < Settings.Steps)
            {
                // Stopped where it was meant to stop.
            }
            return this;
        }

        public void Dispose()
        {
            Trainer.Dispose();
            Model.Dispose();
        }
    }

    [Fact]
    public void ARunGoesOnWithTheThreadsItBeganWith()
    {
        using TemporaryFolder folder = TestData.Temporary();
        var store = new CheckpointStore(folder["run"], Identity);
        int before = get_num_threads();
        var said = new List<string>();
        try
        {
            set_num_threads(3);
            using (new Run().UpTo(2, store, 1)) set_num_threads(1);
            using var second = new Run();
            store.Restore(second.Trainer, said.Add);
            Assert.Equal(3, get_num_threads());
            Assert.Contains("3 threads", Assert.Single(said), StringComparison.Ordinal);
            store.Restore(second.Trainer, said.Add);
            Assert.Single(said);
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [Theory]
    [InlineData(6, 6, 6)]
    [InlineData(7, 3, 5)]
    [InlineData(1, 100, 1)]
    public void HalvesWithAResumeBetweenEqualOneRunBitForBit(int stop, int every, int everyAfter)
    {
        using TemporaryFolder folder = TestData.Temporary();
        using Run straight = new Run().UpTo(Settings.Steps, new CheckpointStore(folder["straight"], Identity), 4);
        var store = new CheckpointStore(folder["halves"], Identity);
        using (new Run().UpTo(stop, store, every)) Assert.Equal(stop, store.Steps[0]);

        using var second = new Run();
        Assert.Equal(stop, store.Restore(second.Trainer));
        second.UpTo(Settings.Steps, store, everyAfter);

        Assert.True(second.Model.Weights.Flat.equal(straight.Model.Weights.Flat).all().item<bool>());
        Assert.True(second.Trainer.Optimizer.SecondMoment.equal(straight.Trainer.Optimizer.SecondMoment).all().item<bool>());
        Assert.Equal(straight.Trainer.Monitor.State, second.Trainer.Monitor.State);
    }

    [Fact]
    public void OnlyTheLastOnesStayAndTornWritesGo()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Directory.CreateDirectory(folder.Path);
        File.WriteAllText(folder["step-00000001.safetensors"], "an interrupted write");
        File.WriteAllText(folder["step-00000002.safetensors.77-ab.tmp"], "an interrupted write");
        var store = new CheckpointStore(folder.Path, Identity, keep: 3);
        using (new Run().UpTo(Settings.Steps, store, 2)) Assert.Equal([12, 10, 8], store.Steps);

        Assert.Equal(6, Directory.GetFiles(folder.Path).Length);
    }

    [Fact]
    public void ADamagedNewestIsPassedOverForTheOneBefore()
    {
        using TemporaryFolder folder = TestData.Temporary();
        var store = new CheckpointStore(folder.Path, Identity);
        using (new Run().UpTo(9, store, 3)) Assert.Equal([9, 6], store.Steps);
        Flip(folder["step-00000009.safetensors"], 4000);

        using var resumed = new Run();
        var messages = new List<string>();
        Assert.Equal(6, store.Restore(resumed.Trainer, messages.Add));
        Assert.Contains("hash differs", Assert.Single(messages), StringComparison.Ordinal);

        File.WriteAllText(folder["step-00000006.json"], "{}");
        var e = Assert.Throws<FlextronException>(() => store.Restore(resumed.Trainer));
        Assert.Contains("damaged", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatWasWrittenAfterADamagedOneStays()
    {
        using TemporaryFolder folder = TestData.Temporary();
        using (new Run().UpTo(9, new CheckpointStore(folder.Path, Identity), 3))
        {
        }
        Flip(folder["step-00000009.safetensors"], 4000);

        var store = new CheckpointStore(folder.Path, Identity, keep: 1);
        using (var resumed = new Run())
        {
            Assert.Equal(6, store.Restore(resumed.Trainer));
            resumed.UpTo(7, store, 7);
        }
        using var again = new Run();
        Assert.Equal(7, store.Restore(again.Trainer));
    }

    [Fact]
    public void AnotherTrainingIsRefusedByWhatDiffers()
    {
        using TemporaryFolder folder = TestData.Temporary();
        using (new Run().UpTo(3, new CheckpointStore(folder.Path, Identity), 3))
        {
        }

        string Refusal(TrainingIdentity identity) => Assert.Throws<FlextronException>(() => new CheckpointStore(folder.Path, identity).Check()).Message;
        Assert.Contains("learningRate (0.003, now 0.01)", Refusal(Identity with { Settings = Settings with { LearningRate = 0.01 } }), StringComparison.Ordinal);
        Assert.Contains("another corpus", Refusal(Identity with { Sources = new Dictionary<string, string> { ["corpus"] = "other" } }), StringComparison.Ordinal);
        new CheckpointStore(folder.Path, Identity with { Settings = Settings with { EvaluateEvery = 5, SpikeTolerance = 9 } }).Check();
        new CheckpointStore(folder.Path, Identity with { Settings = Settings with { LearningRate = 0.01 } }) { AcceptsNewRate = true }.Check();
        Assert.Throws<FlextronException>(() => new CheckpointStore(folder.Path, Identity with { Settings = Settings with { Seed = 77 } }) { AcceptsNewRate = true }.Check());

        using var other = new Run(Settings with { Compute = ComputeType.BFloat16 });
        var e = Assert.Throws<FlextronException>(() => new CheckpointStore(folder.Path, Identity).Restore(other.Trainer));
        Assert.Contains("Float32", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFailedWriteKeepsTheCheckpointBefore()
    {
        using TemporaryFolder folder = TestData.Temporary();
        var store = new CheckpointStore(folder.Path, Identity);
        using var run = new Run();
        run.UpTo(3, store, 3);
        // A folder in the file's place: the rename cannot succeed, whoever runs the test.
        Directory.CreateDirectory(folder["step-00000006.safetensors/in-the-way"]);

        var e = Assert.Throws<FlextronException>(() => run.UpTo(Settings.Steps, store, 3));
        Assert.Contains("what was there before is unchanged", e.Message, StringComparison.Ordinal);
        using var resumed = new Run();
        Assert.Equal(3, store.Restore(resumed.Trainer));
    }

    [Fact]
    public void AFullDiskKeepsTheCheckpointBefore()
    {
        using TemporaryFolder folder = TestData.Temporary();
        using var disk = SmallDisk.Mount(folder.Path, kilobytes: 120);
        var store = new CheckpointStore(folder.Path, Identity);
        using var run = new Run();
        run.UpTo(3, store, 3);
        Assert.Equal([3], store.Steps);

        var e = Assert.Throws<FlextronException>(() => run.UpTo(Settings.Steps, store, 3));
        Assert.Contains("Free some space", e.Message, StringComparison.Ordinal);
        using var resumed = new Run();
        Assert.Equal(3, store.Restore(resumed.Trainer));
    }

    private static void Flip(string path, int at)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[at] ^= 0x10;
        File.WriteAllBytes(path, bytes);
    }
}
