using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Training;

public sealed class ParameterRangesTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TheyAreExactlyWhatTheSlicesTouch(bool tied)
    {
        // Independent: every slice's storage is filled with ones through the views that a forward pass uses.
        ModelConfig config = RandomLlama.TinyConfig(tied);
        var random = new Random(4);
        for (int trial = 0; trial < 30; trial++)
        {
            using var scope = NewDisposeScope();
            SubNetwork[] networks = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Draw(config, random))];
            using DecoderWeights touched = DecoderWeights.Allocate(config), covered = DecoderWeights.Allocate(config), decays = DecoderWeights.Allocate(config);
            foreach (SubNetwork network in networks)
            {
                using WeightView view = WeightView.Of(touched, network);
                foreach (Tensor t in view.Blocks.SelectMany(b => b.Weights.Named().Select(n => n.Tensor)).Append(view.Embedding_VC).Append(view.FinalNorm_C).Append(view.Head_VC))
                    t.fill_(1);
            }
            foreach (ParameterRegion region in ParameterRanges.Used(touched, networks))
            {
                region.Of(covered.Flat).add_(1);
                if (region.Decays) region.Of(decays.Flat).add_(1);
            }

            Assert.True(covered.Flat.equal(touched.Flat).all().item<bool>(), string.Join(" | ", networks.AsEnumerable()));
            foreach (((_, Tensor decay), (_, Tensor used)) in decays.Named().Zip(touched.Named()))
                Assert.True(decay.equal(used.dim() > 1 ? used : used * 0).all().item<bool>());
        }
    }

    [Fact]
    public void TheWholeNetworkIsAFewStretches()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        using DecoderWeights weights = DecoderWeights.Allocate(config);

        IReadOnlyList<ParameterRegion> regions = ParameterRanges.Used(weights, [SubNetwork.Full(config)]);

        // Embedding; per block norm, attention, norm, MLP; final norm; head.
        Assert.Equal(1 + 4 * config.BlockCount + 2, regions.Count);
        Assert.Equal(weights.ParameterCount, regions.Sum(r => r.Count));
    }

    private static SubNetwork Draw(ModelConfig config, Random random) => new(
        Enumerable.Range(0, config.BlockCount).Select(_ => new BlockShape(random.Next(0, config.KvGroupCount + 1), random.Next(0, config.NeuronCount + 1))),
        random.Next(3) == 0 ? null : random.Next(1, config.HiddenSize + 1));
}
