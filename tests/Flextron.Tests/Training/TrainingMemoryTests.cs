using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Training;
using TorchSharp;

namespace Flextron.Tests.Training;

/// <summary>Memory of the whole process, so nothing else may run beside it.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone in the process";
}

[Collection(AloneCollection.Name)]
public sealed class TrainingMemoryTests
{
    private const int Steps = 500, Settled = 100;

    [Fact]
    public void NothingGrowsOverFiveHundredSteps()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        TokenCorpus corpus = TokenCorpus.OfIds([.. Enumerable.Range(0, 2000).Select(i => i * 5 % 23)]);
        using DecoderWeights weights = RandomLlama.Create(config, seed: 1).ToDecoderWeights(config), original = weights.Clone();
        using DecoderModel model = new(weights, ownsWeights: false), teacher = new(original, ownsWeights: false);
        var settings = new JointTrainingSettings { Steps = Steps, BatchSize = 2, SequenceLength = 16, NetworksPerStep = 3, LearningRate = 1e-3, EvaluateEvery = 0 };
        // Two widths only, so that every view has been made once the run has settled.
        using var trainer = new JointTrainer(model, new ElasticSpace([2], [10, 20], config.BlockCount), settings, teacher);
        (long Tensors, long Managed, long Resident) settled = default, last = default;

        trainer.Run(corpus, onStep: s =>
        {
            if (s.Step == Settled) settled = Measure();
            if (s.Step == Steps) last = Measure();
        });

        Assert.Equal(settled.Tensors, last.Tensors);
        Assert.True(last.Managed - settled.Managed < 16 << 10, $"{last.Managed - settled.Managed} managed bytes");
        Assert.True(last.Resident - settled.Resident < 2 << 20, $"{last.Resident - settled.Resident} resident bytes");
    }

    private static (long Tensors, long Managed, long Resident) Measure() =>
        (DisposeScopeManager.Statistics.ThreadTotalLiveCount, GC.GetTotalMemory(forceFullCollection: true), Environment.WorkingSet);
}
