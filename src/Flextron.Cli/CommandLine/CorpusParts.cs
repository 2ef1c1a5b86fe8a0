using Flextron.Data;

namespace Flextron.Cli.CommandLine;

/// <summary>Parts a text into what is trained on and what is only measured on.</summary>
internal static class CorpusParts
{
    /// <summary>Share of the documents that is kept apart for measuring.</summary>
    public const double HeldOutShare = 0.05;

    private const int LeastDocuments = 40;

    /// <summary>By document where there are enough, so that equal documents never fall on both sides; else the end of the text.</summary>
    /// <param name="loaded">Whose tokenizer is used.</param>
    /// <param name="corpus">The text.</param>
    /// <param name="window">Tokens that each part must hold at least.</param>
    /// <param name="seed">Which documents.</param>
    /// <param name="context">Shows progress.</param>
    /// <exception cref="FlextronException">There is too little text.</exception>
    public static (TokenCorpus Train, TokenCorpus HeldOut) Of(LoadedModel loaded, DocumentSource corpus, int window, long seed, CommandContext context)
    {
        var split = new CorpusSplit(0, HeldOutShare, seed);
        if (CanPart(corpus.Documents, split))
        {
            TokenCorpus apart = loaded.Shards(corpus.Part(split, SplitPart.HeldOut), context);
            if (apart.Length > window) return (loaded.Shards(corpus.Part(split, SplitPart.Train), context), apart);
            apart.Dispose();
        }
        TokenCorpus all = loaded.Shards(corpus, context);
        long end = Math.Max((long)(all.Length * HeldOutShare), window + 1);
        if (all.Length - end <= window)
            throw new FlextronException($"The corpus has {all.Length} tokens, too few for training and held-out windows of {window}: give more text, --held-out, or a shorter --sequence-length.");
        return (all.Slice(0, all.Length - end), all.Slice(all.Length - end, end));
    }

    // Reads no further than it takes to know.
    private static bool CanPart(IEnumerable<string> documents, CorpusSplit split)
    {
        int read = 0;
        bool train = false, apart = false;
        foreach (SplitPart part in documents.Select(split.PartOf))
        {
            read++;
            train |= part == SplitPart.Train;
            apart |= part == SplitPart.HeldOut;
            if (read >= LeastDocuments && train && apart) return true;
        }
        return false;
    }
}
