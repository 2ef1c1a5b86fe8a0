using System.Diagnostics;
using System.Text.Json;
using Flextron.Checkpoints;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Tests.Families;
using Flextron.Tokenization;
using TorchSharp;

namespace Flextron.Tests.Cli;

/// <summary>The program on models of every family.</summary>
public sealed class FamilyModelVerbTests : IDisposable
{
    private readonly TemporaryFolder folder = TestData.Temporary();

    public static TheoryData<string> Names => FamilyFixture.Names;

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void InspectSaysWhatAModelIsMadeOf(string name)
    {
        JsonElement json = CliRun.JsonOf("inspect", FamilyFixture.Folder(name));
        using DecoderModel model = FamilyFixture.Load(name);
        ModelConfig config = model.Config;
        Assert.Equal(config.Family, json.GetProperty("family").GetString());
        Assert.Equal(model.Weights.ParameterCount, json.GetProperty("parameters").GetInt64());
        Dictionary<string, long> parts = json.GetProperty("parts").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetInt64());
        Assert.Equal(model.Weights.ParameterCount, parts.Values.Sum());
        // The parts by the tensors' names.
        static string PartOf(string tensor) => tensor[(tensor.LastIndexOf('.') + 1)..] switch
        {
            "embedding" => "embedding",
            "positions" => "positions",
            "head" => "head",
            var t when t.Contains("orm", StringComparison.Ordinal) => "norms",
            var t when t.StartsWith("gate", StringComparison.Ordinal) || t.StartsWith("up", StringComparison.Ordinal) || t.StartsWith("down", StringComparison.Ordinal) => "mlp",
            _ => "attention",
        };
        Assert.Equal(
            model.Weights.Named().GroupBy(t => PartOf(t.Name)).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => (g.Key, g.Sum(t => t.Tensor.numel()))),
            parts.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => (p.Key, p.Value)));
        Assert.Equal("F32", Assert.Single(json.GetProperty("stored").EnumerateArray()).GetString());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("tokenizer").ValueKind);
        Assert.Equal(config.Architecture.GatedMlp, json.GetProperty("architecture").GetProperty("gatedMlp").GetBoolean());
        Assert.Equal(config.Architecture.ParallelResidual, json.GetProperty("architecture").GetProperty("parallelResidual").GetBoolean());
        JsonElement half = json.GetProperty("budgets").EnumerateArray().Single(b => b.GetProperty("budget").GetString() == "uniform:0.5");
        using WeightView view = WeightView.Of(model.Weights, ElasticSpace.For(config).Uniform(0.5));
        Assert.Equal(4 * view.Each(_ => true).Sum(t => t.numel()), half.GetProperty("bytes").GetInt64());
        Assert.Contains(config.Architecture.LearnedPositions ? "learned positions" : $"rotary positions on {config.RotarySize} of {config.HeadSize}", CliRun.Of("inspect", FamilyFixture.Folder(name)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void InspectNamesTheTokenizer()
    {
        TinyModel.Save(folder["model"]);
        JsonElement tokenizer = CliRun.JsonOf("inspect", folder["model"]).GetProperty("tokenizer");
        Assert.Equal(("BPE", TokenizerLoader.Load(folder["model"]).VocabularySize), (tokenizer.GetProperty("kind").GetString(), tokenizer.GetProperty("vocabulary").GetInt32()));
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("gpt-neox")]
    [InlineData("qwen3")]
    public void TheWholeWayWorksForOtherFamilies(string name)
    {
        string family = Family(name);
        JsonElement score = CliRun.JsonOf("score", family, "--text", "Cat sees dog", "--budget", "uniform:0.5");
        string[] pad = name == "qwen3" ? [] : ["--pad"];
        if (pad.Length > 0) Assert.Contains("heads × head size = hidden size: the nearest uniform shape is", CliRun.Refusal("export", family, "--budget", "uniform:0.5", "--to", folder["half"]), StringComparison.Ordinal);
        Assert.InRange(CliRun.JsonOf(["export", family, "--budget", "uniform:0.5", "--to", folder["half"], .. pad]).GetProperty("maxLogitDifference").GetDouble(), 0, 1e-4);
        Assert.Equal(score.GetProperty("meanNll").GetDouble(), CliRun.JsonOf("score", folder["half"], "--text", "Cat sees dog").GetProperty("meanNll").GetDouble(), 1e-4);
        Assert.Equal(CheckpointLoader.ReadConfig(family).Family, CheckpointLoader.ReadConfig(folder["half"]).Family);
        Assert.NotEqual(0, CliRun.JsonOf("generate", family, "--prompt", "Cat", "--max-tokens", "4", "--budget", "uniform:0.5").GetProperty("ids").GetArrayLength());
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama3")]
    public void AFamilyReloadsToTheSameBitsInAFreshProcess(string name)
    {
        string family = Family(name);
        string[] line = ["score", family, "--text", "Cat 3 sees dog 2 near the river.", "--budget", "uniform:0.5", "--json"];
        double[] Numbers(JsonElement json) => [.. json.GetProperty("logprobs").EnumerateArray().Where(v => v.ValueKind == JsonValueKind.Number).Select(v => v.GetDouble())];
        double[] here = Numbers(CliRun.Of(line).Json), there = Numbers(JsonDocument.Parse(Run(line, out _)).RootElement);
        Assert.True(here.Length > 5);
        Assert.Equal(here, there);
        using ElasticFamily loaded = ElasticFamily.Load(family);
        loaded.Save(folder["again"], family);
        Assert.Equal(File.ReadAllBytes(Path.Combine(family, "model.safetensors")), File.ReadAllBytes(Path.Combine(folder["again"], "model.safetensors")));
        Assert.Equal(File.ReadAllText(Path.Combine(family, "elastic.json")), File.ReadAllText(Path.Combine(folder["again"], "elastic.json")));
    }

    /// <summary>The process that loads a model and runs it needs little more than the model's own size, however many files it comes in.</summary>
    [Theory]
    [InlineData("float32", "F32", 4)]
    [InlineData("bfloat16", "BF16", 2)]
    public void LoadingNeedsLittleMoreThanTheModel(string dtype, string stored, int bytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The peak of resident memory is read from /proc, which only Linux has.");
        TinyModel.Save(folder["small"]);
        long size = LargeCheckpoint.Write(folder["large"], stored, bytes);
        TinyModel.SaveTokenizer(folder["large"]);
        Assert.InRange(size, 250_000_000, 400_000_000);
        Run(["score", folder["small"], "--text", "Cat", "--dtype", dtype, "--json"], out long runtime);
        Run(["score", folder["large"], "--text", "Cat", "--dtype", dtype, "--json"], out long peak);
        TestContext.Current.SendDiagnosticMessage($"{dtype}: {peak - runtime:N0} bytes beyond the runtime's {runtime:N0} for {size:N0}: {(peak - runtime) / (double)size:0.000}");
        Assert.InRange((peak - runtime) / (double)size, 0.9, 1.15);
    }

    // Ranked and made elastic through the program, with a vocabulary that the tokenizer fits.
    private string Family(string name)
    {
        using (DecoderModel tiny = FamilyFixture.Load(name))
        using (DecoderWeights weights = DecoderWeights.Allocate(tiny.Config with { VocabularySize = TinyModel.Vocabulary, BosId = 1, EosId = 2 }))
        {
            using var noGrad = torch.no_grad();
            using var scope = torch.NewDisposeScope();
            using var random = new torch.Generator(5);
            foreach ((string part, torch.Tensor target) in weights.Named())
            {
                torch.Tensor? known = tiny.Weights.Named().FirstOrDefault(t => t.Name == part && t.Tensor.shape.SequenceEqual(target.shape)).Tensor;
                target.copy_(known is not null ? known : torch.randn(target.shape, generator: random));
            }
            HuggingFaceCheckpoint.Save(weights, folder["model"]);
        }
        TinyModel.SaveTokenizer(folder["model"]);
        File.WriteAllText(folder["corpus.txt"], TinyModel.Text);
        CliRun.JsonOf("rank", folder["model"], "--corpus", folder["corpus.txt"], "--out", folder["ranking"], "--tokens", "512");
        Assert.InRange(CliRun.JsonOf("elastify", folder["model"], "--ranking", folder["ranking"], "--out", folder["family"]).GetProperty("maxLogitDifference").GetDouble(), 0, 1e-4);
        return folder["family"];
    }

    // A process of its own, with the highest resident memory that it came to.
    private static string Run(string[] arguments, out long peak)
    {
        string program = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "Flextron.Cli.exe" : "Flextron.Cli");
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OMP_NUM_THREADS"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        peak = 0;
        while (!process.WaitForExit(5)) peak = Math.Max(peak, Peak(process));
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result);
        return output.Result;
    }

    private static long Peak(Process process)
    {
        try
        {
            process.Refresh();
            return process.PeakWorkingSet64;
        }
        catch (InvalidOperationException)
        {
            // It has ended since.
            return 0;
        }
    }
}
