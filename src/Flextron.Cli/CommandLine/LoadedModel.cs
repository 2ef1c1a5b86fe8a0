using Flextron.Data;
using Flextron.Elastic;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Progress;
using Flextron.Selection;
using Flextron.Storage;
using Flextron.Tokenization;

namespace Flextron.Cli.CommandLine;

/// <summary>A model with its tokenizer, which is opened at first use.</summary>
internal sealed class LoadedModel(FamilyBundle bundle, string tokenizerPath) : IDisposable
{
    private readonly Lazy<Tokenizer> tokenizer = new(() => TokenizerLoader.Load(tokenizerPath));

    /// <summary>The model as a family; one that was never made elastic has the default widths.</summary>
    public ElasticFamily Family => bundle.Family;

    /// <summary>The family with what choosing within budgets needs.</summary>
    public FamilyBundle Bundle => bundle;

    /// <summary>The network.</summary>
    public DecoderModel Model => Family.Model;

    /// <summary>The network with the routers that choose tokens, where the folder holds a Mixture-of-Depths model.</summary>
    public MixtureModel? Mixture { get; init; }

    /// <summary>Folder or file of the tokenizer.</summary>
    public string TokenizerPath => tokenizerPath;

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer => tokenizer.Value;

    /// <summary>Ids of a text.</summary>
    /// <exception cref="FlextronException">The tokenizer belongs to another model.</exception>
    public int[] Encode(string text)
    {
        int[] ids = Tokenizer.Encode(text);
        Check(ids, Model.Config.VocabularySize, TokenizerPath);
        return ids;
    }

    /// <summary>Ids of a text of any size: tokenised once into the cache, and mapped from there.</summary>
    /// <exception cref="FlextronException">No text, the cache cannot be written, or the tokenizer belongs to another model.</exception>
    public TokenCorpus Shards(DocumentSource source, CommandContext context)
    {
        string hash = TokenizerFiles.Hash(TokenizerPath);
        // One folder for a text by name: when its files change, the shards that still fit are kept and the others replaced.
        string folder = Path.Combine(CacheFolder.Path, "corpora", ContentHash.OfText($"{source.Key}\n{hash}")[..16]);
        TokenCorpus corpus = ShardedCorpus.Prepare(folder, source, Tokenizer, hash, progress: context, cancellation: context.Cancellation);
        if (corpus.LargestId < Model.Config.VocabularySize) return corpus;
        using (corpus)
            throw Foreign(corpus.LargestId, Model.Config.VocabularySize, TokenizerPath);
    }

    /// <summary>Ids of documents in memory, where only a beginning is wanted.</summary>
    /// <exception cref="FlextronException">No text, or the tokenizer belongs to another model.</exception>
    public TokenCorpus Corpus(IEnumerable<string> documents, IProgress<StageProgress> progress, int maximumTokens = int.MaxValue)
    {
        var shown = new ShownStage(progress);
        TokenCorpus corpus = TokenCorpus.Of(documents, Tokenizer, maximumTokens, shown);
        shown.Finish(corpus.Length);
        if (corpus.LargestId >= Model.Config.VocabularySize) throw Foreign(corpus.LargestId, Model.Config.VocabularySize, TokenizerPath);
        return corpus;
    }

    /// <summary>Refuses ids beyond a vocabulary.</summary>
    public static void Check(ReadOnlySpan<int> ids, int vocabulary, string tokenizer)
    {
        foreach (int id in ids)
        {
            if (id >= vocabulary) throw Foreign(id, vocabulary, tokenizer);
        }
    }

    private static FlextronException Foreign(int id, int vocabulary, string tokenizer) =>
        new($"The tokenizer {tokenizer} gives id {id}, outside the model's vocabulary of {vocabulary}: use the tokenizer that belongs to the model.");

    /// <inheritdoc/>
    public void Dispose()
    {
        Mixture?.Dispose();
        bundle.Dispose();
    }

    // Tokenising does not know its total beforehand: the stage that it opened, if it took long enough to open one, is closed here.
    private sealed class ShownStage(IProgress<StageProgress> inner) : IProgress<StageProgress>
    {
        private string? stage;

        public void Report(StageProgress value)
        {
            stage = value.Stage;
            inner.Report(value);
        }

        public void Finish(long total)
        {
            if (stage is not null) inner.Report(new StageProgress(stage, total, total));
        }
    }
}
