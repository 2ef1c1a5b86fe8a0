using Flextron.Data.Shards;
using Flextron.Progress;
using Flextron.Storage;
using Flextron.Tokenization;

namespace Flextron.Data;

/// <summary>
/// Tokenises a text of any size once into a folder of memory-mapped shards. A shard is keyed by the content of its documents and the tokenizer:
/// what was finished before an interruption, or before text was appended, is not done again. Memory stays within a few batches of documents.
/// </summary>
public static class ShardedCorpus
{
    /// <summary>Characters of text in a shard: some ten million tokens.</summary>
    public const long DefaultShardCharacters = 1L << 26;

    /// <summary>Opens the tokenised text, tokenising first what is not there yet.</summary>
    /// <param name="folder">Holds shards of this text and nothing else; created if needed.</param>
    /// <param name="source">The text. It is read twice: where to cut and what is there already is known before anything is tokenised.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="tokenizerHash">Its SHA-256 (<see cref="TokenizerFiles.Hash"/>).</param>
    /// <param name="shardCharacters">A shard ends with the document that reaches so many.</param>
    /// <param name="progress">Reports characters.</param>
    /// <param name="cancellation">Stops between batches; finished shards stay.</param>
    /// <exception cref="FlextronException">The text cannot be read, is empty or changes meanwhile, or the folder cannot be written.</exception>
    public static TokenCorpus Prepare(
        string folder,
        DocumentSource source,
        Tokenizer tokenizer,
        string tokenizerHash,
        long shardCharacters = DefaultShardCharacters,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shardCharacters);
        var shards = new ShardFolder(folder);
        string stamp = ContentHash.OfText(FormattableString.Invariant($"{source.Stamp}\n{shardCharacters}"));
        using FileLock held = FileLock.Take(
            Path.Combine(folder, ".lock"), () => progress?.Report(new StageProgress("waiting for another process that tokenises this text", 0, 0)), cancellation);
        try
        {
            if (shards.FindManifest() is { } known && known.Stamp == stamp && known.TokenizerHash == tokenizerHash)
                return TokenCorpus.OfShards(shards.Open(known, tokenizer.VocabularySize), known.Hash);
        }
        catch (FlextronException)
        {
            // What is damaged or missing is made again below; sound shards are kept.
        }
        shards.DeleteUnfinished();
        var build = new ShardBuild(shards, source, tokenizer, tokenizerHash, shardCharacters, progress, cancellation);
        ShardManifest manifest = build.Run() with { Stamp = stamp };
        TokenCorpus corpus = TokenCorpus.OfShards(shards.Open(manifest, tokenizer.VocabularySize));
        shards.Finish(manifest with { Hash = corpus.Hash() });
        return corpus;
    }

    /// <summary>Opens a folder that <see cref="Prepare"/> filled, reading every shard once against its checksum.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="vocabularySize">Shards with ids at or above it are refused.</param>
    /// <exception cref="FlextronException">It is unfinished, damaged, or made with a larger vocabulary.</exception>
    public static TokenCorpus Open(string folder, int vocabularySize)
    {
        var shards = new ShardFolder(folder);
        ShardManifest manifest = shards.FindManifest() ?? throw new FlextronException($"There is no finished tokenised corpus in {folder}: tokenise the text again.");
        return TokenCorpus.OfShards(shards.Open(manifest, vocabularySize), manifest.Hash);
    }

    private sealed class ShardBuild(
        ShardFolder folder, DocumentSource source, Tokenizer tokenizer, string tokenizerHash, long shardCharacters, IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        private const long ReportEvery = 1 << 18;
        private long characters, reported;

        public ShardManifest Run()
        {
            ShardPlan plan = ShardPlan.Of(source.Documents, shardCharacters, read => Report("reading the text", read, 0));
            if (reported > 0) progress?.Report(new StageProgress("reading the text", plan.Characters, plan.Characters));
            reported = 0;
            var entries = new ShardEntry[plan.Keys.Count];
            for (int i = 0; i < entries.Length; i++)
            {
                if (Find(plan.Keys[i]) is { } entry) entries[i] = entry;
            }
            if (entries.Contains(null)) Encode(plan, entries);
            if (reported > 0) progress?.Report(new StageProgress("tokenising", plan.Characters, plan.Characters));
            long tokens = entries.Sum(e => e.Tokens);
            if (tokens < 2) throw new FlextronException($"{source.Name} holds no tokens: give text that is not empty.");
            return new ShardManifest { Format = ShardManifest.CurrentFormat, Source = source.Name, TokenizerHash = tokenizerHash, Tokens = tokens, Shards = entries };
        }

        private void Encode(ShardPlan plan, ShardEntry?[] entries)
        {
            using IEnumerator<string> documents = source.Documents.GetEnumerator();
            using var hash = new ShardPlan.DocumentHash();
            for (int i = 0; i < entries.Length; i++)
            {
                long count = plan.Documents[i];
                if (entries[i] is { } done)
                {
                    for (long skip = 0; skip < count; skip++) Next(documents);
                    characters += done.Characters;
                    continue;
                }
                byte[] key = plan.Keys[i];
                string path = folder.ShardPath(key, tokenizerHash);
                ShardWriter.Write(path, ShardWriter.IdBytesFor(tokenizer.VocabularySize - 1), Convert.FromHexString(tokenizerHash), () => hash.Take().AsSpan().SequenceEqual(key) ? key : throw Changed(), writer =>
                {
                    foreach (EncodedDocument document in DocumentEncoder.Encode(Take(documents, count, hash), tokenizer, cancellation))
                    {
                        writer.Add(document.Ids, 1, document.Text.Length);
                        Report("tokenising", characters += document.Text.Length, plan.Characters);
                    }
                });
                entries[i] = Find(key) ?? throw new FlextronException($"{path} was written and cannot be read back: check the disk.");
            }
        }

        private IEnumerable<string> Take(IEnumerator<string> documents, long count, ShardPlan.DocumentHash hash)
        {
            for (long i = 0; i < count; i++)
            {
                string document = Next(documents);
                hash.Add(document);
                yield return document;
            }
        }

        private string Next(IEnumerator<string> documents) => documents.MoveNext() ? documents.Current : throw Changed();

        private FlextronException Changed() => new($"{source.Name} was changed while it was read: run again when nothing writes to it.");

        private ShardEntry? Find(byte[] key)
        {
            string path = folder.ShardPath(key, tokenizerHash);
            if (!File.Exists(path)) return null;
            try
            {
                using TokenShard shard = TokenShard.Open(path);
                ShardHeader header = shard.Header;
                if (!header.Source.AsSpan().SequenceEqual(key) || !header.Tokenizer.AsSpan().SequenceEqual(Convert.FromHexString(tokenizerHash))) return null;
                shard.Verify();
                return new ShardEntry(Path.GetFileName(path), header.Tokens, header.Documents, header.Characters, Convert.ToHexStringLower(key));
            }
            catch (FlextronException)
            {
                // Damaged: it is written again.
                return null;
            }
        }

        private void Report(string stage, long done, long total)
        {
            if (done - reported < ReportEvery) return;
            reported = done;
            progress?.Report(new StageProgress(stage, done, total));
        }
    }
}
