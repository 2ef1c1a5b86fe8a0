using Flextron.Tokenization;

namespace Flextron.Tests.Tokenization;

public class TokenizerFilesTests
{
    [Fact]
    public void CopiesTheTokenizersFilesAndNothingElse()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Directory.CreateDirectory(folder["from"]);
        foreach (string name in (string[])["tokenizer.json", "special_tokens_map.json", "model.safetensors", "notes.txt"])
            File.WriteAllText(Path.Combine(folder["from"], name), $"content of {name}");
        Assert.Equal(["tokenizer.json", "special_tokens_map.json"], TokenizerFiles.Copy(folder["from"], folder["to"]));
        Assert.Equal(["special_tokens_map.json", "tokenizer.json"], Directory.GetFiles(folder["to"]).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        Assert.Equal("content of tokenizer.json", File.ReadAllText(Path.Combine(folder["to"], "tokenizer.json")));
        Assert.Contains(folder["none"], Assert.Throws<FlextronException>(() => TokenizerFiles.Copy(folder["none"], folder["to"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheHashFollowsEveryFileThatDecidesAndNoOther()
    {
        using TemporaryFolder folder = TestData.Temporary();
        File.WriteAllText(folder["tokenizer.json"], "one");
        string before = TokenizerFiles.Hash(folder.Path);
        File.WriteAllText(folder["model.safetensors"], "weights");
        Assert.Equal(before, TokenizerFiles.Hash(folder.Path));
        File.WriteAllText(folder["tokenizer_config.json"], "{}");
        string configured = TokenizerFiles.Hash(folder.Path);
        Assert.NotEqual(before, configured);
        Assert.NotEqual(configured, TokenizerFiles.Hash(folder["tokenizer.json"]));
        File.WriteAllText(folder["tokenizer.json"], "two");
        Assert.NotEqual(configured, TokenizerFiles.Hash(folder.Path));
        Assert.Contains("no tokenizer", Assert.Throws<FlextronException>(() => TokenizerFiles.Hash(folder["none/x"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LoaderPrefersJsonThenBinAndNamesWhatItCannotOpen()
    {
        using TemporaryFolder folder = TestData.Temporary();
        Assert.Contains(folder.Path, Assert.Throws<FlextronException>(() => TokenizerLoader.Load(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("absent", Assert.Throws<FlextronException>(() => TokenizerLoader.Load(folder["absent"])).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["tokenizer.bin"], "xx");
        Assert.Contains("tokenizer.bin", Assert.Throws<FlextronException>(() => TokenizerLoader.Load(folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["tokenizer.json"], "{ not json");
        Assert.Contains("tokenizer.json", Assert.Throws<FlextronException>(() => TokenizerLoader.Load(folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["tokenizer.txt"], "x");
        Assert.Contains("tokenizer.txt", Assert.Throws<FlextronException>(() => TokenizerLoader.Load(folder["tokenizer.txt"])).Message, StringComparison.Ordinal);
    }
}
