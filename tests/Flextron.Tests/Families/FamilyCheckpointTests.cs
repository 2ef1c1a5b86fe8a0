using Flextron.Checkpoints;
using Flextron.Inference;
using Flextron.Models;
using Flextron.Tests.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Families;

/// <summary>Every family is written back in its own names and layout.</summary>
public sealed class FamilyCheckpointTests : IDisposable
{
    private readonly TemporaryFolder folder = TestData.Temporary();

    public static TheoryData<string> Names => FamilyFixture.Names;

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void WritesTheSameTensorsBack(string name)
    {
        using LoadedCheckpoint loaded = CheckpointLoader.Load(FamilyFixture.Folder(name));
        HuggingFaceCheckpoint.Save(loaded.Weights, folder.Path);
        Dictionary<string, byte[]> before = SafetensorsBytes.Tensors(File.ReadAllBytes(Path.Combine(FamilyFixture.Folder(name), "model.safetensors")));
        Dictionary<string, byte[]> after = SafetensorsBytes.Tensors(File.ReadAllBytes(folder["model.safetensors"]));
        // The oldest GPT-2 files leave the prefix out and store masks.
        if (name == "gpt2") before = before.Where(t => !t.Key.EndsWith(".attn.bias", StringComparison.Ordinal)).ToDictionary(t => "transformer." + t.Key, t => t.Value);
        Assert.Equal(before.Keys.Order(StringComparer.Ordinal), after.Keys);
        foreach ((string tensor, byte[] bytes) in before) Assert.True(bytes.AsSpan().SequenceEqual(after[tensor]), tensor);
        using LoadedCheckpoint again = CheckpointLoader.Load(folder.Path);
        Assert.Equal(loaded.Config, again.Config);
        Assert.True(loaded.Weights.Flat.equal(again.Weights.Flat).all().item<bool>());
        Assert.Equal(loaded.Config.Family, again.Config.Family);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ExportedSlicesComputeTheSlice(string name)
    {
        using var noGrad = no_grad();
        using DecoderModel model = FamilyFixture.Load(name);
        int index = 0;
        foreach (SubNetwork network in FamilyFixture.Networks(model.Config))
        {
            using var scope = NewDisposeScope();
            if (!CanBePadded(model.Config, network)) continue;
            string place = folder[$"{index++}"];
            using (DecoderWeights cut = StandaloneSlice.Cut(model, network, padded: true)) HuggingFaceCheckpoint.Save(cut, place, padded: network);
            using LoadedCheckpoint loaded = CheckpointLoader.Load(place);
            if (!loaded.Config.Architecture.FreeHeadSize) Assert.Equal(loaded.Config.HiddenSize, loaded.Config.HeadCount * loaded.Config.HeadSize);
            using var standalone = new DecoderModel(loaded.Weights, ownsWeights: false);
            Assert.InRange(FamilyFixture.Difference(standalone.Forward(FamilyFixture.Ids(name)), model.Forward(FamilyFixture.Ids(name), network)), 0, 3e-5);
            Assert.Contains("flextron_sub_network", File.ReadAllText(Path.Combine(place, "config.json")), StringComparison.Ordinal);
        }
        Assert.True(index >= 4, "Hardly anything was exported.");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void UniformSlicesNeedNoPaddingWhereTheFamilyCanSayThem(string name)
    {
        using var noGrad = no_grad();
        using DecoderModel model = FamilyFixture.Load(name);
        int groups = model.Config.Architecture.FreeHeadSize ? 1 : model.Config.KvGroupCount;
        var network = new SubNetwork(Enumerable.Repeat(new BlockShape(groups, 9), model.Config.BlockCount));
        using DecoderWeights cut = StandaloneSlice.Cut(model, network);
        HuggingFaceCheckpoint.Save(cut, folder.Path);
        using LoadedCheckpoint loaded = CheckpointLoader.Load(folder.Path);
        Assert.Equal((groups, 9), (loaded.Config.KvGroupCount, loaded.Config.NeuronCount));
        using var standalone = new DecoderModel(loaded.Weights, ownsWeights: false);
        using var scope = NewDisposeScope();
        Assert.InRange(FamilyFixture.Difference(standalone.Forward(FamilyFixture.Ids(name)), model.Forward(FamilyFixture.Ids(name), network)), 0, 3e-5);
    }

    [Theory]
    [InlineData("gpt2", 4)]
    [InlineData("gpt-neox", 2)]
    public void HeadsThatAFamilyCannotLeaveOutAreNamed(string name, int heads)
    {
        using DecoderModel model = FamilyFixture.Load(name);
        var network = new SubNetwork(Enumerable.Repeat(new BlockShape(1, 9), model.Config.BlockCount));
        string message = Assert.Throws<FlextronException>(() => StandaloneSlice.RequireUniform(model.Config, network)).Message;
        Assert.Contains($"the nearest uniform shape is {heads} key/value groups and 9 neurons in every block", message, StringComparison.Ordinal);
        using DecoderWeights cut = StandaloneSlice.Cut(model, network);
        Assert.Contains("heads × head size = hidden size", Assert.Throws<FlextronException>(() => HuggingFaceCheckpoint.Save(cut, folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama3")]
    [InlineData("llama-biased")]
    [InlineData("mistral")]
    [InlineData("qwen3")]
    [InlineData("gpt2")]
    public void Llama2CHoldsPlainLlamaOnly(string name)
    {
        using LoadedCheckpoint loaded = CheckpointLoader.Load(FamilyFixture.Folder(name));
        Assert.Contains($"has the layers of Llama with plain rotary positions, not those of this {loaded.Config.Family}", Assert.Throws<FlextronException>(
            () => CheckpointWriter.Save(loaded.Weights, folder["model.bin"], CheckpointFormat.Llama2C)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["model.bin"]));
    }

    [Theory]
    [InlineData("model.safetensors", "transformer.h.0.attn.c_attn.weight", "transformer.h.0.attn.x_attn.weight", "lacks transformer.h.0.attn.c_attn.weight")]
    [InlineData("config.json", "\"n_inner\": 36", "\"n_inner\": 35", "transformer.h.0.mlp.c_fc.weight has shape [20, 36] where config.json asks for [20, 35]")]
    [InlineData("config.json", "\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true", "lm_head.weight and transformer.wte.weight differ although tie_word_embeddings is true")]
    public void WhatDoesNotFitIsNamed(string file, string text, string replacement, string why)
    {
        foreach (string source in new[] { "model.safetensors", "config.json" })
        {
            byte[] bytes = File.ReadAllBytes(Path.Combine(FamilyFixture.Folder("gpt3"), source));
            // One byte is one character here, so that the tensors behind the header stay as they are.
            string content = System.Text.Encoding.Latin1.GetString(bytes);
            if (source == file) content = content.Replace(text, replacement, StringComparison.Ordinal);
            File.WriteAllBytes(folder[source], System.Text.Encoding.Latin1.GetBytes(content));
        }
        string message = Assert.Throws<FlextronException>(() => CheckpointLoader.Load(folder.Path)).Message;
        Assert.Contains(why, message, StringComparison.Ordinal);
    }

    // A family without a head size of its own needs a residual width of whole heads, enough of them.
    private static bool CanBePadded(ModelConfig config, SubNetwork network) =>
        config.Architecture.FreeHeadSize || (network.Width ?? config.HiddenSize) % config.HeadSize == 0;
}
