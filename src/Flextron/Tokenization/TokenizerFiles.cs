using Flextron.Storage;

namespace Flextron.Tokenization;

/// <summary>The files that make up a model folder's tokenizer.</summary>
public static class TokenizerFiles
{
    /// <summary>The names that belong to a tokenizer; nothing else is copied.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.model", "tokenizer.bin",
        "vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json",
    ];

    /// <summary>SHA-256 of everything that decides how a tokenizer encodes.</summary>
    /// <param name="path">What <see cref="TokenizerLoader.Load"/> reads: a folder, or one tokenizer file, beside which others may refine it.</param>
    /// <exception cref="FlextronException">There is no tokenizer.</exception>
    public static string Hash(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string folder = Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
        IEnumerable<string> files = Names.Select(name => Path.Combine(folder, name)).Where(File.Exists);
        if (File.Exists(path)) files = files.Prepend(path);
        string[] hashes = [.. files.Select(file => $"{Path.GetFileName(file)} {ContentHash.OfFile(file)}")];
        if (hashes.Length == 0) throw new FlextronException($"There is no tokenizer at {path}: check the path.");
        return ContentHash.OfText(string.Join('\n', hashes));
    }

    /// <summary>Copies a tokenizer into a model folder.</summary>
    /// <param name="source">A folder that holds a tokenizer, or one tokenizer file of any name.</param>
    /// <param name="targetFolder">Folder of the model; created if needed.</param>
    /// <exception cref="FlextronException">There is no tokenizer, or a file cannot be read or written.</exception>
    public static void CopyFrom(string source, string targetFolder)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        if (Directory.Exists(source))
        {
            Copy(source, targetFolder);
            return;
        }
        TokenizerLoader.Load(source);
        string name = "tokenizer" + Path.GetExtension(source).ToLowerInvariant();
        AtomicFile.WriteAllBytes(Path.Combine(targetFolder, name), BoundedFile.Read(source, name));
    }

    /// <summary>Puts a tokenizer into a Hugging Face folder: as tokenizer.json where that can say it with the same ids, else as it is.</summary>
    /// <param name="source">A folder that holds a tokenizer, or one tokenizer file.</param>
    /// <param name="targetFolder">Folder of the model; created if needed.</param>
    /// <exception cref="FlextronException">There is no tokenizer, or a file cannot be read or written.</exception>
    public static void SaveAsHuggingFace(string source, string targetFolder)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        if (TokenizerConversion.ToHuggingFace(TokenizerLoader.Load(source)) is { } files)
        {
            foreach ((string name, string content) in files) AtomicFile.WriteAllText(Path.Combine(targetFolder, name), content);
            return;
        }
        CopyFrom(source, targetFolder);
    }

    /// <summary>Puts a tokenizer beside a llama2.c checkpoint: as tokenizer.bin where that can say it with the same ids, else as it is.</summary>
    /// <param name="source">A folder that holds a tokenizer, or one tokenizer file.</param>
    /// <param name="targetFolder">Folder of the checkpoint; created if needed.</param>
    /// <exception cref="FlextronException">There is no tokenizer, or a file cannot be read or written.</exception>
    public static void SaveAsLlama2C(string source, string targetFolder)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        if (TokenizerConversion.ToLlama2C(TokenizerLoader.Load(source)) is { } file) AtomicFile.WriteAllBytes(Path.Combine(targetFolder, "tokenizer.bin"), file);
        else CopyFrom(source, targetFolder);
    }

    /// <summary>Copies the tokenizer of one model folder into another; files of the same name are replaced.</summary>
    /// <param name="sourceModelFolder">Folder that holds a tokenizer.</param>
    /// <param name="targetFolder">Folder of the exported model; created if needed.</param>
    /// <returns>The names of the copied files.</returns>
    /// <exception cref="FlextronException">The source has no tokenizer, or a file cannot be read or written.</exception>
    public static IReadOnlyList<string> Copy(string sourceModelFolder, string targetFolder)
    {
        ArgumentException.ThrowIfNullOrEmpty(sourceModelFolder);
        ArgumentException.ThrowIfNullOrEmpty(targetFolder);
        string[] present = [.. Names.Where(name => File.Exists(Path.Combine(sourceModelFolder, name)))];
        if (!present.Any(name => name is "tokenizer.json" or "tokenizer.model" or "tokenizer.bin" or Gpt2TokenizerFiles.VocabularyName))
            throw new FlextronException($"The folder {sourceModelFolder} has no tokenizer to copy: put its tokenizer.json, tokenizer.bin, tokenizer.model, or vocab.json and merges.txt there.");
        if (Path.GetFullPath(sourceModelFolder).TrimEnd(Path.DirectorySeparatorChar) == Path.GetFullPath(targetFolder).TrimEnd(Path.DirectorySeparatorChar))
            return present;
        foreach (string name in present)
            AtomicFile.WriteAllBytes(Path.Combine(targetFolder, name), BoundedFile.Read(Path.Combine(sourceModelFolder, name), name));
        return present;
    }
}
