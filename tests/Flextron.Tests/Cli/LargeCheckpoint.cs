using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace Flextron.Tests.Cli;

/// <summary>A checkpoint of some hundred megabytes in shards: sparse files, so that it takes no room on disk, whose weights are therefore all zero.</summary>
internal static class LargeCheckpoint
{
    private const int Hidden = 1024, Neurons = 4096, Vocabulary = 32000;

    /// <summary>Writes the folder of a tied GPT-2.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="dtype">In the words of safetensors.</param>
    /// <param name="bytes">Of one element.</param>
    /// <returns>Bytes of all tensors.</returns>
    public static long Write(string folder, string dtype, int bytes)
    {
        Directory.CreateDirectory(folder);
        int blocks = bytes == 4 ? 4 : 8;
        File.WriteAllText(Path.Combine(folder, "config.json"), new JsonObject
        {
            ["model_type"] = "gpt2", ["vocab_size"] = Vocabulary, ["n_embd"] = Hidden, ["n_layer"] = blocks, ["n_head"] = 16, ["n_positions"] = 1024, ["n_inner"] = Neurons,
            ["bos_token_id"] = 1, ["eos_token_id"] = 2,
        }.ToJsonString());
        var map = new JsonObject();
        long total = WriteShard(folder, "tables.safetensors", dtype, bytes, map, ("wte.weight", [Vocabulary, Hidden]), ("wpe.weight", [1024, Hidden]), ("ln_f.weight", [Hidden]), ("ln_f.bias", [Hidden]));
        for (int n = 0; n < blocks; n++)
        {
            string at = $"h.{n}.";
            total += WriteShard(folder, $"block-{n}.safetensors", dtype, bytes, map,
                (at + "ln_1.weight", [Hidden]), (at + "ln_1.bias", [Hidden]), (at + "attn.c_attn.weight", [Hidden, 3 * Hidden]), (at + "attn.c_attn.bias", [3 * Hidden]),
                (at + "attn.c_proj.weight", [Hidden, Hidden]), (at + "attn.c_proj.bias", [Hidden]), (at + "ln_2.weight", [Hidden]), (at + "ln_2.bias", [Hidden]),
                (at + "mlp.c_fc.weight", [Hidden, Neurons]), (at + "mlp.c_fc.bias", [Neurons]), (at + "mlp.c_proj.weight", [Neurons, Hidden]), (at + "mlp.c_proj.bias", [Hidden]));
        }
        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), new JsonObject { ["weight_map"] = map }.ToJsonString());
        return total;
    }

    private static long WriteShard(string folder, string name, string dtype, int bytes, JsonObject map, params (string Name, int[] Shape)[] tensors)
    {
        var header = new JsonObject();
        long at = 0;
        foreach ((string tensor, int[] shape) in tensors)
        {
            long end = at + shape.Aggregate((long)bytes, (a, b) => a * b);
            header[tensor] = new JsonObject { ["dtype"] = dtype, ["shape"] = new JsonArray([.. shape.Select(n => (JsonNode)n)]), ["data_offsets"] = new JsonArray(at, end) };
            map[tensor] = name;
            at = end;
        }
        byte[] text = Encoding.UTF8.GetBytes(header.ToJsonString()), length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        using FileStream file = File.Create(Path.Combine(folder, name));
        file.Write(length);
        file.Write(text);
        file.SetLength(8 + text.Length + at);
        return at;
    }
}
