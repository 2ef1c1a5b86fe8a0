using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Flextron.Checkpoints;
using Flextron.Models;
using Flextron.Tests.Checkpoints;
using Flextron.Tests.Reference;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.HostileFiles;

/// <summary>Damaged files either load exactly what they say or are refused with a sentence; nothing else may happen, and quickly.</summary>
public sealed class CheckpointFuzzTests : IDisposable
{
    private readonly TemporaryFolder folder = TestData.Temporary();
    private readonly ModelConfig config = new()
    {
        Family = "llama", VocabularySize = 5, HiddenSize = 4, BlockCount = 1, HeadCount = 2, KvGroupCount = 1, HeadSize = 2, NeuronCount = 3, ContextLength = 8, BosId = 1, EosId = 2,
    };

    public CheckpointFuzzTests()
    {
        using DecoderWeights weights = RandomLlama.Create(config, 1).ToDecoderWeights(config);
        HuggingFaceCheckpoint.Save(weights, folder.Path);
        Llama2CheckpointFile.Save(weights, folder["m.bin"]);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void DamagedSafetensorsHeaders()
    {
        (string header, byte[] data) = SafetensorsBytes.Split(File.ReadAllBytes(folder["model.safetensors"]));
        byte[] original = Encoding.UTF8.GetBytes(header.TrimEnd());
        Run(4500, 17, folder.Path, random =>
        {
            byte[] moved = random.Next(2) == 0 ? original : Rearranged(header, random);
            byte[] file = SafetensorsBytes.Make(random.Next(3) == 0 ? moved : Mutation.Of(moved, random), data);
            if (random.Next(8) == 0) file[random.Next(8)] = (byte)random.Next(256);
            if (random.Next(8) == 0) file = file[..random.Next(file.Length + 1)];
            File.WriteAllBytes(folder["model.safetensors"], file);
        }, loaded => AssertHoldsWhatTheHeaderSays(loaded, File.ReadAllBytes(folder["model.safetensors"])));
    }

    [Fact]
    public void DamagedConfigurations()
    {
        byte[] original = File.ReadAllBytes(folder["config.json"]), weights = File.ReadAllBytes(folder["model.safetensors"]);
        Run(3500, 18, folder.Path, random => File.WriteAllBytes(folder["config.json"], Mutation.Of(original, random)),
            loaded => AssertHoldsWhatTheHeaderSays(loaded, weights));
    }

    [Fact]
    public void DamagedIndexes()
    {
        byte[] file = File.ReadAllBytes(folder["model.safetensors"]);
        File.Move(folder["model.safetensors"], folder["one.safetensors"]);
        var map = new JsonObject();
        foreach (string name in SafetensorsBytes.Tensors(file).Keys) map[name] = "one.safetensors";
        // The free text gives some of the damage a place where it does not matter.
        var metadata = new JsonObject { ["total_size"] = file.Length, ["note"] = new string('-', 400) };
        byte[] original = Encoding.UTF8.GetBytes(new JsonObject { ["metadata"] = metadata, ["weight_map"] = map }.ToJsonString());
        Run(1000, 19, folder.Path, random => File.WriteAllBytes(folder["model.safetensors.index.json"], Mutation.Of(original, random)),
            loaded => AssertHoldsWhatTheHeaderSays(loaded, file));
    }

    [Fact]
    public void DamagedLlama2CHeaders()
    {
        byte[] original = File.ReadAllBytes(folder["m.bin"]);
        Run(1000, 20, folder["m.bin"], random =>
        {
            byte[] file = [.. original];
            for (int n = random.Next(1, 4); n > 0; n--)
            {
                int at = 4 * random.Next(7), old = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at));
                int value = random.Next(4) switch { 0 => old + random.Next(-2, 3), 1 => -old, 2 => 1 << random.Next(32), _ => random.Next() };
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
            }
            File.WriteAllBytes(folder["m.bin"], random.Next(8) == 0 ? file[..random.Next(file.Length)] : file);
        }, loaded => Assert.Equal(DecoderWeights.CountParameters(loaded.Config), (new FileInfo(folder["m.bin"]).Length - 28) / 4 - loaded.Config.ContextLength * loaded.Config.HeadSize));
    }

    private void Run(int count, int seed, string path, Action<Random> damage, Action<LoadedCheckpoint> check) => HostileRun.Cases(
        count, seed,
        random =>
        {
            damage(random);
            return Directory.EnumerateFiles(folder.Path).Sum(f => new FileInfo(f).Length);
        },
        () =>
        {
            using LoadedCheckpoint loaded = CheckpointLoader.Load(path);
            check(loaded);
        });

    // Well-formed headers that tell another story: entries in another order, two of them with each other's place.
    private static byte[] Rearranged(string header, Random random)
    {
        KeyValuePair<string, JsonNode?>[] entries =
            [.. JsonNode.Parse(header)!.AsObject().Select(p => new KeyValuePair<string, JsonNode?>(p.Key, p.Value!.DeepClone()))];
        random.Shuffle(entries);
        JsonNode[] places = [.. entries.Where(e => e.Key != "__metadata__").Take(2).Select(e => e.Value!)];
        JsonNode first = places[0]["data_offsets"]!.DeepClone();
        places[0]["data_offsets"] = places[1]["data_offsets"]!.DeepClone();
        places[1]["data_offsets"] = first;
        return Encoding.UTF8.GetBytes(new JsonObject(entries).ToJsonString());
    }

    // Read by hand, from the file as it is: the same names, element types and places, the values turned round where the library keeps them so.
    private static void AssertHoldsWhatTheHeaderSays(LoadedCheckpoint loaded, byte[] file)
    {
        (string text, byte[] data) = SafetensorsBytes.Split(file);
        JsonObject header = JsonNode.Parse(text)!.AsObject();
        double[] Stored(string name)
        {
            JsonNode entry = header[name]!;
            int from = (int)entry["data_offsets"]![0]!, to = (int)entry["data_offsets"]![1]!;
            return (string?)entry["dtype"] switch
            {
                "F32" => [.. Enumerable.Range(0, (to - from) / 4).Select(i => (double)BitConverter.ToSingle(data, from + 4 * i))],
                "F8_E4M3" => [.. Enumerable.Range(from, to - from).Select(i => (double)Float8.E4M3[data[i]])],
                "F8_E5M2" => [.. Enumerable.Range(from, to - from).Select(i => (double)(float)BitConverter.UInt16BitsToHalf((ushort)(data[i] << 8)))],
                "F16" => [.. Enumerable.Range(0, (to - from) / 2).Select(i => (double)BitConverter.ToHalf(data, from + 2 * i))],
                _ => [.. Enumerable.Range(0, (to - from) / 2).Select(i => (double)BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(data, from + 2 * i) << 16))],
            };
        }
        HfWeights weights = HfWeights.From(loaded.Weights);
        Assert.Equal(Stored(header.ContainsKey("model.embed_tokens.weight") ? "model.embed_tokens.weight" : "lm_head.weight"), weights.Embedding);
        Assert.Equal(Stored("model.norm.weight"), weights.Norm);
        if (!loaded.Config.TiedEmbeddings) Assert.Equal(Stored("lm_head.weight"), weights.Head);
        for (int i = 0; i < weights.Blocks.Length; i++)
        {
            Assert.Equal(Stored($"model.layers.{i}.self_attn.q_proj.weight"), weights.Blocks[i].Q);
            Assert.Equal(Stored($"model.layers.{i}.self_attn.o_proj.weight"), weights.Blocks[i].O);
            Assert.Equal(Stored($"model.layers.{i}.mlp.gate_proj.weight"), weights.Blocks[i].Gate);
            Assert.Equal(Stored($"model.layers.{i}.mlp.down_proj.weight"), weights.Blocks[i].Down);
        }
    }
}
