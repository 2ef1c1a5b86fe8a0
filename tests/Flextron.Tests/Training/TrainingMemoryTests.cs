using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Training;
using TorchSharp;

namespace Flextron.Tests.Training;

/// <summary>Memory of the whole process, so nothing else may run beside it.</summary>
[Collection(AloneCollection.Name)]
public sealed class TrainingMemoryTests
{
    private const int Steps = 500, Interval = 100;

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
        var marks = new List<(long Tensors, long Managed, long Resident)>();

        trainer.Run(corpus, onStep: s =>
        {
            if (s.Step % Interval == 0) marks.Add(Measure());
        });

        Assert.All(marks, m => Assert.Equal(marks[0].Tensors, m.Tensors));
        // What the rest of the process allocates falls into some interval; what every step leaves behind is in each of them.
        (long Managed, long Resident)[] growth = [.. marks.Zip(marks.Skip(1), (a, b) => (b.Managed - a.Managed, b.Resident - a.Resident))];
        Assert.True(growth.Min(g => g.Managed) < 4 << 10, $"managed bytes per {Interval} steps: {string.Join(", ", growth.Select(g => g.Managed))}");
        Assert.True(growth.Min(g => g.Resident) < 512 << 10, $"resident bytes per {Interval} steps: {string.Join(", ", growth.Select(g => g.Resident))}");
    }

    private static (long Tensors, long Managed, long Resident) Measure() =>
        (DisposeScopeManager.Statistics.ThreadTotalLiveCount, GC.GetTotalMemory(forceFullCollection: true), Environment.WorkingSet);
}
