using System.Text.Json.Nodes;
using Flextron.Checkpoints;
using Flextron.Models;
using Flextron.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Checkpoints;

public sealed class HuggingFaceCheckpointTests : IDisposable
{
    private readonly TemporaryFolder folder = TestData.Temporary();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void SavesEveryTensorInTheUsualOrientation(bool tied)
    {
        ModelConfig config = RandomLlama.TinyConfig(tied);
        HfWeights reference = RandomLlama.Create(config, 1);
        Save(config, reference);
        Dictionary<string, byte[]> stored = SafetensorsBytes.Tensors(File.ReadAllBytes(folder["model.safetensors"]));
        Dictionary<string, double[]> expected = Named(reference, tied);
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), stored.Keys);
        foreach ((string name, double[] values) in expected) Assert.Equal(SafetensorsBytes.Floats(values), stored[name]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LoadsBackBitForBitAndWritesTheSameFileAgain(bool tied)
    {
        ModelConfig config = RandomLlama.TinyConfig(tied);
        HfWeights reference = RandomLlama.Create(config, 2);
        Save(config, reference);
        using LoadedCheckpoint loaded = CheckpointLoader.Load(folder.Path);
        Assert.Equal(config, loaded.Config);
        Assert.Equal((CheckpointFormat.HuggingFace, folder.Path), (loaded.Format, loaded.Path));
        AssertSame(reference, loaded.Weights);
        CheckpointWriter.Save(loaded.Weights, folder["again"], CheckpointFormat.HuggingFace);
        Assert.Equal(File.ReadAllBytes(folder["model.safetensors"]), File.ReadAllBytes(Path.Combine(folder["again"], "model.safetensors")));
        Assert.Equal(File.ReadAllText(folder["config.json"]), File.ReadAllText(Path.Combine(folder["again"], "config.json")));
    }

    [Fact]
    public void PublishedModelIsWrittenBackBitForBit()
    {
        string source = TestData.Shared("models/story656k-hf");
        using LoadedCheckpoint loaded = CheckpointLoader.Load(source);
        HuggingFaceCheckpoint.Save(loaded.Weights, folder.Path);
        Dictionary<string, byte[]> before = SafetensorsBytes.Tensors(File.ReadAllBytes(Path.Combine(source, "model.safetensors")));
        Dictionary<string, byte[]> after = SafetensorsBytes.Tensors(File.ReadAllBytes(folder["model.safetensors"]));
        before["model.embed_tokens.weight"] = before["lm_head.weight"];
        before.Remove("lm_head.weight");
        Assert.Equal(before.Keys.Order(StringComparer.Ordinal), after.Keys);
        foreach ((string name, byte[] bytes) in before) Assert.True(bytes.AsSpan().SequenceEqual(after[name]), name);
        Assert.Equal(loaded.Config, HuggingFaceCheckpoint.ReadConfig(folder.Path));
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void HalfTypesCarryRoundedWeights(ScalarType dtype)
    {
        ModelConfig config = RandomLlama.TinyConfig();
        HfWeights reference = RandomLlama.Create(config, 3);
        using (DecoderWeights weights = reference.ToDecoderWeights(config)) HuggingFaceCheckpoint.Save(weights, folder.Path, dtype);
        using LoadedCheckpoint wide = CheckpointLoader.Load(folder.Path), narrow = CheckpointLoader.Load(folder.Path, dtype);
        Assert.Equal(dtype, narrow.Weights.Flat.dtype);
        double[] down = HfWeights.From(wide.Weights).Blocks[1].Down;
        Assert.Equal(down, HfWeights.From(narrow.Weights).Blocks[1].Down);
        Assert.Equal(reference.Blocks[1].Down.Select(v => dtype == ScalarType.Float16
            ? (double)(Half)(float)v
            : BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits((float)v) + 0x7fff + ((BitConverter.SingleToUInt32Bits((float)v) >> 16) & 1)) & 0xffff0000)), down);
    }

    [Theory]
    [InlineData("lm_head.weight")]
    [InlineData("model.embed_tokens.weight")]
    [InlineData("both")]
    public void TiedModelsMayStoreEitherName(string stored)
    {
        ModelConfig config = RandomLlama.TinyConfig(tied: true);
        HfWeights reference = RandomLlama.Create(config, 4);
        Save(config, reference);
        Rewrite(tensors =>
        {
            double[] table = reference.Embedding;
            if (stored != "model.embed_tokens.weight") tensors["lm_head.weight"] = table;
            if (stored == "lm_head.weight") tensors.Remove("model.embed_tokens.weight");
        }, config, reference);
        using LoadedCheckpoint loaded = CheckpointLoader.Load(folder.Path);
        AssertSame(reference, loaded.Weights);
    }

    [Fact]
    public void TiedModelWithTwoDifferentTablesIsRefused()
    {
        ModelConfig config = RandomLlama.TinyConfig(tied: true);
        HfWeights reference = RandomLlama.Create(config, 5);
        Save(config, reference);
        Rewrite(tensors => tensors["lm_head.weight"] = [.. reference.Embedding.Select((v, i) => i == 7 ? v + 1 : v)], config, reference);
        Assert.Contains("differ although tie_word_embeddings is true", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void MissingExtraAndMisshapedTensorsAreNamed()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        HfWeights reference = RandomLlama.Create(config, 6);
        Save(config, reference);
        Rewrite(t => t.Remove("model.layers.1.mlp.up_proj.weight"), config, reference);
        Assert.Contains("lacks model.layers.1.mlp.up_proj.weight:", Refusal(), StringComparison.Ordinal);
        Rewrite(t => t.Remove("lm_head.weight"), config, reference);
        Assert.Contains("lacks lm_head.weight:", Refusal(), StringComparison.Ordinal);
        Rewrite(t => t.Add("model.layers.0.self_attn.q_proj.bias", [0]), config, reference);
        Assert.Contains("beyond what its config.json describes, model.layers.0.self_attn.q_proj.bias:", Refusal(), StringComparison.Ordinal);
        Rewrite(t => t["model.norm.weight"] = [1, 2], config, reference);
        Assert.Contains("model.norm.weight has shape [2] where config.json asks for [16]", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void StoredRotaryFrequenciesOfOldVersionsAreIgnored()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        HfWeights reference = RandomLlama.Create(config, 7);
        Save(config, reference);
        Rewrite(t => t.Add("model.layers.0.self_attn.rotary_emb.inv_freq", [1, 2, 3]), config, reference);
        using LoadedCheckpoint loaded = CheckpointLoader.Load(folder.Path);
        AssertSame(reference, loaded.Weights);
    }

    [Fact]
    public void ShardsAreFoundThroughTheirIndex()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        HfWeights reference = RandomLlama.Create(config, 8);
        Shard(config, reference, name => name);
        using LoadedCheckpoint loaded = CheckpointLoader.Load(folder.Path);
        AssertSame(reference, loaded.Weights);
    }

    [Theory]
    [InlineData("../model-0.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("sub/../model-0.safetensors")]
    [InlineData("..\\model-0.safetensors")]
    [InlineData("C:model-0.safetensors")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("model-0.safetensors\0")]
    public void ShardsOutsideTheFolderAreRefused(string place)
    {
        ModelConfig config = RandomLlama.TinyConfig();
        Shard(config, RandomLlama.Create(config, 9), name => name == "model-0.safetensors" ? place : name);
        Assert.Contains("is not a plain file name of the same folder", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void LinksAmongTheShardsStayInTheFolderOrItsCache()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege there");
        ModelConfig config = RandomLlama.TinyConfig();
        HfWeights reference = RandomLlama.Create(config, 12);
        Shard(config, reference, name => name);
        using TemporaryFolder outside = TestData.Temporary();
        File.Move(folder["model-0.safetensors"], outside["blob"]);
        File.CreateSymbolicLink(folder["model-0.safetensors"], outside["blob"]);
        Assert.Contains($"is a link to {outside["blob"]}, outside the folder", Refusal(), StringComparison.Ordinal);

        // The layout of the Hugging Face cache: a snapshot's files lead to blobs beside it.
        Directory.CreateDirectory(outside["snapshots"]);
        Directory.CreateDirectory(outside["blobs"]);
        File.Move(outside["blob"], Path.Combine(outside["blobs"], "abc"));
        File.Delete(folder["model-0.safetensors"]);
        File.CreateSymbolicLink(folder["model-0.safetensors"], "../../blobs/abc");
        Directory.Move(folder.Path, Path.Combine(outside["snapshots"], "main"));
        using (LoadedCheckpoint loaded = CheckpointLoader.Load(Path.Combine(outside["snapshots"], "main"))) AssertSame(reference, loaded.Weights);
        Directory.CreateDirectory(folder.Path);
    }

    [Fact]
    public void IndexThatDisagreesWithItsShardsIsRefused()
    {
        ModelConfig config = RandomLlama.TinyConfig();
        HfWeights reference = RandomLlama.Create(config, 10);
        Shard(config, reference, _ => "model-1.safetensors");
        Assert.Contains("is in model-1.safetensors, but it is not", Refusal(), StringComparison.Ordinal);
        Shard(config, reference, _ => "absent.safetensors");
        Assert.Contains("There is no file", Refusal(), StringComparison.Ordinal);
        File.WriteAllText(folder["model.safetensors.index.json"], """{"weight_map":[]}""");
        Assert.Contains("has no weight_map", Refusal(), StringComparison.Ordinal);
    }

    private void Save(ModelConfig config, HfWeights reference)
    {
        using DecoderWeights weights = reference.ToDecoderWeights(config);
        HuggingFaceCheckpoint.Save(weights, folder.Path);
    }

    private string Refusal() => Assert.Throws<FlextronException>(() => CheckpointLoader.Load(folder.Path).Dispose()).Message;

    // The original tensors after a change; shapes of the known ones are kept where the size still fits, others become vectors.
    private void Rewrite(Action<Dictionary<string, double[]>> change, ModelConfig config, HfWeights reference)
    {
        Dictionary<string, double[]> tensors = Named(reference, config.TiedEmbeddings);
        change(tensors);
        WriteFile("model.safetensors", tensors, config);
    }

    private void Shard(ModelConfig config, HfWeights reference, Func<string, string> place)
    {
        Save(config, reference);
        File.Delete(folder["model.safetensors"]);
        var map = new JsonObject();
        (string Name, double[] Values)[] all = [.. Named(reference, config.TiedEmbeddings).Select(p => (p.Key, p.Value))];
        for (int shard = 0; shard < 3; shard++)
        {
            string file = $"model-{shard}.safetensors";
            Dictionary<string, double[]> part = all.Where((_, i) => i % 3 == shard).ToDictionary(p => p.Name, p => p.Values);
            WriteFile(file, part, config);
            foreach (string name in part.Keys) map[name] = place(file);
        }
        File.WriteAllText(folder["model.safetensors.index.json"], new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = 1 }, ["weight_map"] = map }.ToJsonString());
    }

    private void WriteFile(string file, Dictionary<string, double[]> tensors, ModelConfig config)
    {
        var header = new JsonObject();
        var data = new List<byte>();
        foreach ((string name, double[] values) in tensors)
        {
            int rows = name.Contains("o_proj", StringComparison.Ordinal) || name.Contains("down_proj", StringComparison.Ordinal) ? config.HiddenSize : values.Length / config.HiddenSize;
            bool vector = rows <= 1 || name.Contains("norm", StringComparison.Ordinal);
            header[name] = new JsonObject
            {
                ["dtype"] = "F32",
                ["shape"] = vector ? new JsonArray(values.Length) : new JsonArray(rows, values.Length / rows),
                ["data_offsets"] = new JsonArray(data.Count, data.Count + 4 * values.Length),
            };
            data.AddRange(SafetensorsBytes.Floats(values));
        }
        File.WriteAllBytes(folder[file], SafetensorsBytes.Make(header.ToJsonString(), [.. data]));
    }

    private static Dictionary<string, double[]> Named(HfWeights weights, bool tied)
    {
        var named = new Dictionary<string, double[]> { ["model.embed_tokens.weight"] = weights.Embedding, ["model.norm.weight"] = weights.Norm };
        if (!tied) named["lm_head.weight"] = weights.Head;
        for (int i = 0; i < weights.Blocks.Length; i++)
        {
            HfBlock block = weights.Blocks[i];
            named[$"model.layers.{i}.input_layernorm.weight"] = block.InputNorm;
            named[$"model.layers.{i}.self_attn.q_proj.weight"] = block.Q;
            named[$"model.layers.{i}.self_attn.k_proj.weight"] = block.K;
            named[$"model.layers.{i}.self_attn.v_proj.weight"] = block.V;
            named[$"model.layers.{i}.self_attn.o_proj.weight"] = block.O;
            named[$"model.layers.{i}.post_attention_layernorm.weight"] = block.PostNorm;
            named[$"model.layers.{i}.mlp.gate_proj.weight"] = block.Gate;
            named[$"model.layers.{i}.mlp.up_proj.weight"] = block.Up;
            named[$"model.layers.{i}.mlp.down_proj.weight"] = block.Down;
        }
        return named;
    }

    private static void AssertSame(HfWeights expected, DecoderWeights actual)
    {
        HfWeights read = HfWeights.From(actual);
        bool tied = actual.Config.TiedEmbeddings;
        Dictionary<string, double[]> values = Named(read, tied);
        foreach ((string name, double[] wanted) in Named(expected, tied)) Assert.Equal(wanted, values[name]);
    }
}
