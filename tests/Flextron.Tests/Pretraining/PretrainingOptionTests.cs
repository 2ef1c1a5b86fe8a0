using Flextron.Checkpoints;
using Flextron.Models;
using Flextron.Pretraining;
using Flextron.Training;

namespace Flextron.Tests.Pretraining;

public sealed class PretrainingOptionTests
{
    private static readonly PretrainingSettings Small = new()
    {
        VocabularySize = 300, TokenizerCharacters = 40_000, HiddenSize = 16, BlockCount = 2, HeadCount = 4, KvGroupCount = 2, NeuronCount = 24, ContextLength = 32, Tokens = 40 * 2 * 32, BatchSize = 2,
    };

    [Fact]
    public void AVCycleReadsAllTokensOnceInThreeParts()
    {
        using var folder = new TemporaryFolder();
        var steps = new List<TrainingStep>();

        BaseModelPretraining.Run(folder.Path, Small with { VCycle = new VCycleSettings { FirstShare = 0.2, SmallShare = 0.4 } }, steps.Add);

        Assert.Equal(Enumerable.Range(1, 40), steps.Select(s => s.Step));
        Assert.Equal(40 * 64, steps[^1].Tokens);
        Assert.True(steps[^1].HeldOut!["full"].Mean < steps[0].Loss, "nothing was learned");
        using LoadedCheckpoint model = CheckpointLoader.Load(folder.Path);
        Assert.Equal((16, 2), (model.Config.HiddenSize, model.Config.BlockCount));
    }

    [Fact]
    public void SkipLayersArePretrainedAndReloaded()
    {
        using var folder = new TemporaryFolder();
        var steps = new List<TrainingStep>();

        BaseModelPretraining.Run(folder.Path, Small with { SkipLayer = new SkipLayerAttention(1, 1) }, steps.Add);

        Assert.True(steps[^1].HeldOut!["full"].Mean < steps[0].Loss);
        using LoadedCheckpoint model = CheckpointLoader.Load(folder.Path);
        Assert.Equal(CheckpointFormat.Flextron, model.Format);
        Assert.Equal(new SkipLayerAttention(1, 1), model.Config.SkipLayer);
    }
}
