using Flextron.Storage;

namespace Flextron.Data.Shards;

/// <summary>The files of a sharded corpus.</summary>
internal sealed class ShardFolder(string path)
{
    private const string Extension = ".ids";

    /// <summary>The folder.</summary>
    public string Path => path;

    private string ManifestPath => System.IO.Path.Combine(path, ShardManifest.FileName);

    /// <summary>The manifest, or null where the corpus is not finished or is of another version.</summary>
    public ShardManifest? FindManifest()
    {
        if (!File.Exists(ManifestPath)) return null;
        ShardManifest manifest = FlextronJson.ReadFile<ShardManifest>(ManifestPath, "corpus manifest");
        // The name comes from a file: it must not lead elsewhere.
        if (manifest.Shards is null || manifest.Shards.Any(s => s?.File is null || System.IO.Path.GetFileName(s.File) != s.File))
            throw new FlextronException($"{ManifestPath} names a shard outside its folder: delete the folder and tokenise the text again.");
        return manifest.Format == ShardManifest.CurrentFormat && manifest.Shards.Count > 0 ? manifest : null;
    }

    /// <summary>Writes the manifest, then deletes what it does not name.</summary>
    public void Finish(ShardManifest manifest)
    {
        FlextronJson.WriteFile(ManifestPath, manifest);
        HashSet<string> kept = [.. manifest.Shards.Select(s => s.File)];
        Delete(file => file.EndsWith(Extension, StringComparison.Ordinal) && !kept.Contains(file));
    }

    /// <summary>Deletes what a killed process left half-written; the caller holds the folder's lock.</summary>
    public void DeleteUnfinished() => Delete(file => file.EndsWith(".tmp", StringComparison.Ordinal));

    /// <summary>Where the shard of these documents, by this tokenizer, lies or will lie.</summary>
    public string ShardPath(byte[] key, string tokenizerHash) =>
        System.IO.Path.Combine(path, ContentHash.OfText($"{ShardManifest.CurrentFormat} {tokenizerHash} {Convert.ToHexStringLower(key)}")[..32] + Extension);

    /// <summary>Opens all shards of a manifest and verifies them; the caller disposes of them.</summary>
    /// <exception cref="FlextronException">One is missing, damaged, or not the one the manifest means.</exception>
    public IReadOnlyList<TokenShard> Open(ShardManifest manifest, int vocabularySize)
    {
        var shards = new List<TokenShard>();
        try
        {
            foreach (ShardEntry entry in manifest.Shards)
            {
                TokenShard shard = TokenShard.Open(System.IO.Path.Combine(path, entry.File));
                shards.Add(shard);
                shard.RequireVocabulary(vocabularySize);
                if (shard.Length != entry.Tokens || Convert.ToHexStringLower(shard.Header.Source) != entry.SourceHash)
                    throw new FlextronException($"{System.IO.Path.Combine(path, entry.File)} is not the shard that {ManifestPath} names: delete the folder and tokenise the text again.");
            }
            Parallel.ForEach(shards, shard => shard.Verify());
        }
        catch (Exception e)
        {
            foreach (TokenShard shard in shards) shard.Dispose();
            if (e is AggregateException { InnerException: FlextronException inner }) throw inner;
            throw;
        }
        return shards;
    }

    private void Delete(Func<string, bool> which)
    {
        foreach (string file in Directory.EnumerateFiles(path).Where(f => which(System.IO.Path.GetFileName(f))).ToArray())
        {
            try
            {
                File.Delete(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Mapped by another process on Windows: it goes the next time.
            }
        }
    }
}
