using Flextron.Checkpoints;
using Flextron.Importance;
using Flextron.Inference;
using Flextron.Models;
using Flextron.Tests.Mixers;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Models;

public sealed class SkipLayerAttentionTests
{
    private static readonly long[] Ids = [3, 17, 5, 5, 21, 0, 9, 14, 2, 8, 11, 19, 28];

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(1, 2)]
    public void AttentionIsTheSoftmaxOverBothBlocksKeys(int distance, int groups)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using DecoderModel model = Model(distance, groups);
        using var expected = new NaiveSkip(model);

        Assert.True(model.Forward(tensor(Ids).view(1, -1))[0].sub(expected.Logits(Ids)).abs().max().item<float>() < 1e-4);
        // And it is not what the same weights compute without.
        using var plain = new DecoderModel(DecoderWeights.Over(model.Config with { SkipLayer = null }, model.Weights.Flat.clone().DetachFromDisposeScope()));
        Assert.True(plain.Forward(tensor(Ids).view(1, -1))[0].sub(expected.Logits(Ids)).abs().max().item<float>() > 1e-2);
    }

    [Fact]
    public void DecodingIsOnePassOverTheText()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using DecoderModel model = Model(1, 1);
        Tensor ids_BT = tensor(Ids).view(1, -1), expected_TV = model.Forward(ids_BT)[0];
        using KvCache cache = model.NewCache(model.FullNetwork, 1, Ids.Length);
        foreach ((int at, int read) in ((int, int)[])[(0, 5), (5, 3), (8, 1), (9, 1), (10, 3)])
        {
            Tensor logits_V = model.ForwardLast(ids_BT.narrow(1, at, read), model.FullNetwork, cache)[0];
            Assert.True(logits_V.sub(expected_TV[at + read - 1]).abs().max().item<float>() < 1e-4, $"token {at + read - 1}");
        }
    }

    [Fact]
    public void ASliceIsTheExportedModelAndReloadsBitForBit()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using DecoderModel model = Model(1, 2);
        Tensor ids_BT = tensor(Ids).view(1, -1);
        var network = new SubNetwork(Enumerable.Repeat(new BlockShape(2, 6), 3));
        using var small = new DecoderModel(StandaloneSlice.Cut(model, network));
        Assert.Equal(new SkipLayerAttention(1, 1), small.Config.SkipLayer);
        Assert.True(small.Forward(ids_BT).sub(model.Forward(ids_BT, network)).abs().max().item<float>() < 1e-5);

        CheckpointWriter.Save(small.Weights, folder.Path, CheckpointWriter.FolderFormat(small.Config));
        using LoadedCheckpoint loaded = CheckpointLoader.Load(folder.Path);
        Assert.Equal(small.Config, loaded.Config);
        Assert.True(loaded.Weights.Flat.Equals(small.Weights.Flat));
        Assert.Contains("skip-layer attention", Assert.Throws<FlextronException>(() => CheckpointWriter.Save(small.Weights, folder["hf"], CheckpointFormat.HuggingFace)).Message, StringComparison.Ordinal);
        Assert.Contains("skips blocks", Assert.Throws<FlextronException>(() => StandaloneSlice.Config(model.Config, new SubNetwork([new(3, 10), BlockShape.Skipped, new(3, 10)]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GroupsStayWhereTheirPlacesMeanSomething()
    {
        using DecoderModel model = Model(1, 1);
        int[] neurons = [.. Enumerable.Range(0, 10).Reverse()];
        ImportanceOrder Order(params int[] groups) => new([.. Enumerable.Repeat(new BlockOrder(groups, neurons), 3)]);
        using Tensor before = model.Forward(tensor(Ids).view(1, -1));

        Assert.Contains("skip-layer attention: order neurons alone", Assert.Throws<FlextronException>(() => WeightPermutation.Apply(model.Weights, Order(1, 0, 2))).Message, StringComparison.Ordinal);
        WeightPermutation.Apply(model.Weights, Order(0, 1, 2));
        Assert.True(model.Forward(tensor(Ids).view(1, -1)).sub(before).abs().max().item<float>() < 1e-4);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(3, 1)]
    [InlineData(1, 0)]
    [InlineData(1, 4)]
    public void ImpossibleSkipsAreNamed(int distance, int groups) =>
        Assert.Contains("skip-layer attention", Assert.Throws<FlextronException>(() => Config(distance, groups).Validated("x")).Message, StringComparison.Ordinal);

    private static ModelConfig Config(int distance, int groups) => new()
    {
        Family = "llama", VocabularySize = 29, HiddenSize = 12, BlockCount = 3, HeadCount = 6, KvGroupCount = 3, HeadSize = 4, NeuronCount = 10, ContextLength = 32, TiedEmbeddings = true,
        SkipLayer = new SkipLayerAttention(distance, groups),
    };

    private static DecoderModel Model(int distance, int groups) => new(RandomMixers.Weights(Config(distance, groups).Validated("The test's model"), seed: distance + 10 * groups));

    /// <summary>The definition with loops over heads and queries; norms, MLPs and rotations are the model's own, which are tested elsewhere.</summary>
    private sealed class NaiveSkip(DecoderModel model) : IDisposable
    {
        private readonly RotaryTable rotary = new(model.Config, CPU);

        public Tensor Logits(long[] ids)
        {
            ModelConfig config = model.Config;
            WeightView view = model.View(model.FullNetwork);
            Tensor x_BTC = DecoderModel.Embed(view, tensor(ids).view(1, -1));
            (List<Tensor> keys, List<Tensor> values) = ([], []);
            for (int b = 0; b < config.BlockCount; b++)
            {
                BlockWeights w = view.Blocks[b].Weights;
                Tensor normed_BTC = x_BTC * ((x_BTC * x_BTC).mean([-1], keepdim: true) + config.NormEpsilon).rsqrt() * w.AttentionNorm_C;
                Tensor Heads(Tensor weight, int count) => normed_BTC.matmul(weight.t()).view(1, ids.Length, count, config.HeadSize);
                Tensor query = rotary.Rotate(Heads(w.Query_QC, config.HeadCount), 0)[0];
                keys.Add(rotary.Rotate(Heads(w.Key_KC, config.KvGroupCount), 0)[0]);
                values.Add(Heads(w.Value_KC, config.KvGroupCount)[0]);
                Tensor update = zeros_like(x_BTC);
                for (int head = 0; head < config.HeadCount; head++)
                {
                    int group = head / config.HeadsPerGroup;
                    bool skips = group >= config.KvGroupCount - config.SkipLayer!.Groups && b >= config.SkipLayer.Distance;
                    int[] blocks = skips ? [b, b - config.SkipLayer.Distance] : [b];
                    for (int t = 0; t < ids.Length; t++)
                    {
                        Tensor seenKeys = cat([.. blocks.Select(i => keys[i].select(1, group).narrow(0, 0, t + 1))]), seenValues = cat([.. blocks.Select(i => values[i].select(1, group).narrow(0, 0, t + 1))]);
                        Tensor weights = (seenKeys.mv(query[t, head]) / Math.Sqrt(config.HeadSize)).softmax(0);
                        update[0, t] = update[0, t] + weights.matmul(seenValues).matmul(w.Output_QC.narrow(0, head * config.HeadSize, config.HeadSize));
                    }
                }
                x_BTC = x_BTC + update;
                x_BTC = x_BTC + model.Mlp(view.Blocks[b], b, x_BTC);
            }
            return model.Logits(view, x_BTC)[0];
        }

        public void Dispose() => rotary.Dispose();
    }
}
