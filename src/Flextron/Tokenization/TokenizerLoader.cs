namespace Flextron.Tokenization;

/// <summary>Opens the tokenizer of a model: Hugging Face <c>tokenizer.json</c>, llama2.c <c>tokenizer.bin</c>, SentencePiece <c>tokenizer.model</c>, GPT-2 <c>vocab.json</c> with <c>merges.txt</c>.</summary>
public static class TokenizerLoader
{
    private static readonly string[] s_names = ["tokenizer.json", "tokenizer.bin", "tokenizer.model", Gpt2TokenizerFiles.VocabularyName];

    /// <summary>Loads a tokenizer.</summary>
    /// <param name="path">A model folder, of which <c>tokenizer.json</c> is preferred, then <c>tokenizer.bin</c>, <c>tokenizer.model</c>, <c>vocab.json</c>; or one such file.</param>
    /// <returns>The tokenizer, with the BOS and EOS ids that the files beside it name.</returns>
    /// <exception cref="FlextronException">There is no tokenizer, its file is malformed, or it asks for something that is not supported.</exception>
    public static Tokenizer Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
        {
            string? file = s_names.Select(name => Path.Combine(path, name)).FirstOrDefault(File.Exists);
            return file is not null ? Load(file)
                : throw new FlextronException($"The folder {path} has no tokenizer: put its tokenizer.json, tokenizer.bin, tokenizer.model, or vocab.json and merges.txt there.");
        }
        if (!File.Exists(path)) throw new FlextronException($"There is no tokenizer at {path}: check the path.");
        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".json" when Path.GetFileName(path) == Gpt2TokenizerFiles.VocabularyName => Gpt2TokenizerFiles.Read(path),
            ".json" => HuggingFaceTokenizerReader.Read(path),
            ".bin" => Llama2CTokenizerFile.Read(path),
            ".model" => SentencePieceModelFile.Read(path),
            _ => throw new FlextronException($"{path} is not a tokenizer that this program knows: give a tokenizer.json, tokenizer.bin or tokenizer.model."),
        };
    }
}
