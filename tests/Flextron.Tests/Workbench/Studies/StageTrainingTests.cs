using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Tests.Workbench.Studies;

public sealed class StageTrainingTests : IDisposable
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig();
    private static readonly TokenCorpus Corpus = TokenCorpus.OfIds([.. Enumerable.Range(0, 2000).Select(i => i * 5 % 23)]);

    private static readonly JointTrainingSettings Settings = new()
    {
        Steps = 20, BatchSize = 2, SequenceLength = 16, LearningRate = 3e-3, WarmupSteps = 2, DistillationWeight = 0, NetworksPerStep = 2, EvaluateEvery = 0,
    };

    private readonly TemporaryFolder folder = TestData.Temporary();
    private readonly List<string> said = [];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void AStoppedTrainingGoesOnAndReportsEveryStepOnce()
    {
        double[] straight = Losses("straight", stopAt: null)!;
        Assert.Equal(20, straight.Length);
        Assert.Null(Losses("stopped", stopAt: 7));
        Assert.Equal(straight, Losses("stopped", stopAt: null));
        Assert.Contains(said, s => s.Contains("goes on after step 7 of 20", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("not json\n{}\n")]
    [InlineData("{ \"step\": 1 }\n")]
    [InlineData("")]
    public void WithoutASoundLogItBeginsAgain(string log)
    {
        double[] straight = Losses("straight", stopAt: null)!;
        Assert.Null(Losses("damaged", stopAt: 9));
        File.WriteAllText(Assert.Single(Directory.GetFiles(folder["damaged"], "steps.jsonl", SearchOption.AllDirectories)), log);
        Assert.Equal(straight, Losses("damaged", stopAt: null));
        Assert.Contains(said, s => s.Contains("has gaps: it begins again", StringComparison.Ordinal));
    }

    // The loss of every step as the stage sees it; null where it was stopped.
    private double[]? Losses(string store, int? stopAt)
    {
        using var stop = new CancellationTokenSource();
        var losses = new List<double>();
        try
        {
            new StageRunner(folder[store], say: said.Add, cancellation: stop.Token).Run(StageDefinition.Of("train", Settings, []), stage =>
            {
                using var model = new DecoderModel(RandomLlama.Create(Config, seed: 1).ToDecoderWeights(Config));
                using var trainer = new JointTrainer(model, ElasticSpace.For(Config), Settings);
                StageTraining.Run(stage, trainer, Corpus, onStep: step =>
                {
                    losses.Add(step.Loss);
                    if (step.Step == stopAt) stop.Cancel();
                });
            });
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        return [.. losses];
    }
}
