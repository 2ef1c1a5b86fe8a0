using System.Diagnostics;
using Flextron.Cli.CommandLine;

namespace Flextron.Tests.Cli;

/// <summary>What cannot work is said in one sentence, with an exit code, and leaves nothing behind.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("scroe", "did you mean score")]
    [InlineData("score --txt x", "did you mean --text")]
    [InlineData("score --seed many", "'many' is not a possible value of --seed")]
    [InlineData("score --txt", "did you mean --text")]
    [InlineData("score model --text x --text y", "--text is given 2 times")]
    [InlineData("score model x y", "one word too many")]
    [InlineData("rank", "--corpus")]
    [InlineData("score model --text x --dtype float23", "float32")]
    [InlineData("score model --text x --device gpu", "cuda")]
    [InlineData("score no-such-folder --text x", "no-such-folder")]
    [InlineData("score model --text x --file y", "either")]
    [InlineData("score model --file no-such-file", "no-such-file")]
    [InlineData("score model --text x --budget 12parsecs", "12parsecs")]
    [InlineData("score model --text x --budget uniform:1.5", "at most 1")]
    [InlineData("score model --text x --budget 1K", "smallest sub-network")]
    [InlineData("score model --text x --budget 0.5", "profile")]
    [InlineData("generate model --temperature -1", "temperature")]
    [InlineData("generate model --top-p 0", "top-p")]
    [InlineData("generate model --max-tokens 0", "1 or more")]
    [InlineData("rank model --corpus empty.txt --out out", "empty")]
    [InlineData("rank model --corpus missing.txt --out out", "missing.txt")]
    [InlineData("elastify model --ranking missing --out out", "missing")]
    [InlineData("train model --corpus corpus.txt --out out", "elastify")]
    [InlineData("train model --corpus corpus.txt --out out --dtype bfloat16", "float32")]
    [InlineData("train model --corpus corpus.txt --out out --steps -1", "steps")]
    [InlineData("evaluate model --tasks lambda", "lambada_openai")]
    [InlineData("evaluate model --tasks piqa --data missing", "missing")]
    [InlineData("convert model --to gguf --out out", "gguf")]
    [InlineData("convert model --to hf --out corpus.txt", "is a file")]
    [InlineData("score truncated --text x", "model.safetensors")]
    [InlineData("score strange --text x", "mamba")]
    [InlineData("score mismatch --text Cat", "vocabulary of 40")]
    [InlineData("tokenize mismatch --text Cat", "vocabulary of 40")]
    [InlineData("rank mismatch --corpus corpus.txt --out out", "vocabulary of 40")]
    public void OneSentenceNamesIt(string line, string named)
    {
        using TemporaryFolder folder = TestData.Temporary();
        Fill(folder);
        string[] before = [.. Directory.EnumerateFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        string[] known = ["model", "out", "empty.txt", "corpus.txt", "missing.txt", "truncated", "strange", "mismatch"];
        string[] args = [.. line.Split(' ').Select(a => known.Contains(a) ? folder[a] : a)];
        Assert.Contains(named, CliRun.Refusal(args), StringComparison.Ordinal);
        Assert.Equal(before, Directory.EnumerateFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void AModelThatTheFormatCannotExpressIsNotConverted()
    {
        using TemporaryFolder folder = TestData.Temporary();
        string source = TestData.Shared("models/story656k-hf");
        Directory.CreateDirectory(folder["other"]);
        foreach (string name in (string[])["model.safetensors", "tokenizer.json"]) File.Copy(Path.Combine(source, name), Path.Combine(folder["other"], name));
        string config = File.ReadAllText(Path.Combine(source, "config.json"));
        Assert.Contains("\"rope_theta\": 10000.0", config, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder["other"], "config.json"), config.Replace("\"rope_theta\": 10000.0", "\"rope_theta\": 20000.0", StringComparison.Ordinal));
        string line = CliRun.Refusal("convert", folder["other"], "--to", "llama2c", "--out", folder["out/model.bin"]);
        Assert.Contains("rotary base 10000, not 20000", line, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["out/model.bin"]));
    }

    [Fact]
    public void HelpShowsExamplesAndDefaults()
    {
        CliRun run = CliRun.Of("generate", "--help");
        Assert.Equal(0, run.Code);
        Assert.Contains("flextron generate my-model --prompt", run.Output, StringComparison.Ordinal);
        Assert.Contains("[default: 128]", run.Output, StringComparison.Ordinal);
        Assert.Contains("train", CliRun.Of().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void TextsAreTakenAsTheyAre()
    {
        using TemporaryFolder folder = TestData.Temporary();
        TinyModel.Save(folder["model"]);
        foreach (string text in (string[])["@notes.txt", "-hyphen", "a=b:c", "[x]"])
        {
            int count = CliRun.JsonOf("tokenize", folder["model"], "--text", text).GetProperty("tokens").GetArrayLength();
            Assert.InRange(count, 2, text.Length + 1);
        }
    }

    [Theory]
    [InlineData(0, "tokenize", "model", "--text", "é", "--json")]
    [InlineData(1, "score", "missing", "--text", "x", "--json")]
    public void TheProcessKeepsItsStreamsApart(int code, params string[] line)
    {
        using TemporaryFolder folder = TestData.Temporary();
        TinyModel.Save(folder["model"]);
        var start = new ProcessStartInfo(Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet")
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder.Path,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Flextron.Cli.dll"));
        foreach (string argument in line) start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd(), error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(code, process.ExitCode);
        if (code == 0) Assert.StartsWith("{\"ids\":[1,", output, StringComparison.Ordinal);
        else Assert.Equal(("", "flextron: There is no checkpoint at missing: check the path.\n"), (output, error));
    }

    private static void Fill(TemporaryFolder folder)
    {
        TinyModel.Save(folder["model"]);
        File.WriteAllText(folder["empty.txt"], "\n\n");
        File.WriteAllText(folder["corpus.txt"], TinyModel.Text);
        TinyModel.Save(folder["truncated"]);
        string weights = Path.Combine(folder["truncated"], "model.safetensors");
        File.WriteAllBytes(weights, File.ReadAllBytes(weights)[..^100]);
        TinyModel.Save(folder["strange"]);
        string config = Path.Combine(folder["strange"], "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"llama\"", "\"mamba\"", StringComparison.Ordinal));
        TinyModel.Save(folder["mismatch"], vocabulary: 40);
    }
}
