using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Checkpoints;
using Flextron.Elastic;
using Flextron.Inference.Decoding;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Selection;
using Flextron.Tests.Latency;
using Flextron.Tests.Reference;
using Flextron.Tokenization;

namespace Flextron.Tests.Cli;

/// <summary>A random model with a trained tokenizer on disk, and a text to go with it.</summary>
internal static class TinyModel
{
    public const int Vocabulary = 300;

    /// <summary>The text of the corpus: repeated sentences, so that a few steps of training show.</summary>
    public static string Text { get; } = string.Concat(Enumerable.Range(0, 400).Select(i =>
        string.Create(CultureInfo.InvariantCulture, $"Cat {i % 7} sees dog {i % 5} near the {(i % 3 == 0 ? "river" : "hill")}.\n")));

    /// <summary>Writes a Hugging Face folder; norm epsilon, rotary base and head size are those of llama2.c unless asked otherwise.</summary>
    public static ModelConfig Save(string folder, int vocabulary = Vocabulary, int seed = 1, int? neurons = null)
    {
        ModelConfig config = RandomLlama.TinyConfig(headSize: 4, vocabulary: vocabulary);
        config = config with { NeuronCount = neurons ?? config.NeuronCount };
        using DecoderWeights weights = RandomLlama.Create(config, seed).ToDecoderWeights(config);
        CheckpointWriter.Save(weights, folder, CheckpointFormat.HuggingFace);
        SaveTokenizer(folder);
        return config;
    }

    public static void SaveTokenizer(string folder) => HuggingFaceTokenizerWriter.Save(
        BpeTrainer.Train([Text], new BpeTrainerSettings { VocabularySize = Vocabulary, SpecialTokens = ["<unk>", "<s>", "</s>"], BosToken = "<s>", EosToken = "</s>" }), folder);

    /// <summary>Ranks and elastifies the model through the program.</summary>
    public static string Family(TemporaryFolder folder)
    {
        Save(folder["model"]);
        File.WriteAllText(folder["corpus.txt"], Text);
        CliRun.JsonOf("rank", folder["model"], "--corpus", folder["corpus.txt"], "--out", folder["ranking"], "--tokens", "512");
        CliRun.JsonOf("elastify", folder["model"], "--ranking", folder["ranking"], "--out", folder["family"]);
        return folder["family"];
    }

    /// <summary>Gives a family a decode table of plain numbers under this machine's key: real ones of so small a model are noise.</summary>
    public static LatencyTable DecodeTable(string path)
    {
        using ElasticFamily family = ElasticFamily.Load(path);
        using var engine = new DecodeEngine(family.Model);
        using var real = new EngineWorkloadRunner(engine, family.Model);
        using var runner = new ScriptedRunner(real.Key, _ => 1);
        LatencyTable table = LatencyProfiler.Profile(runner, family.Space, new ProfileSettings { Seconds = 0, WarmUpSeconds = 0, MinimumWindowMs = 0 });
        table.Save(Path.Combine(path, FamilyBundle.DecodeTableName));
        return table;
    }
}
