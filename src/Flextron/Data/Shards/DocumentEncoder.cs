using Flextron.Tokenization;

namespace Flextron.Data.Shards;

/// <summary>Encodes a stream of documents on several threads, in order and with a bounded number of them in flight.</summary>
internal static class DocumentEncoder
{
    // Enough for a task to be worth its start, little enough that a few of them are nothing beside a tokenizer.
    private const int BatchCharacters = 1 << 18;

    /// <summary>Encodes documents lazily.</summary>
    /// <param name="documents">Read on the caller's thread.</param>
    /// <param name="tokenizer">Its own default puts the beginning-of-sequence id in front; for any other the end-of-sequence id closes a document.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public static IEnumerable<EncodedDocument> Encode(IEnumerable<string> documents, Tokenizer tokenizer, CancellationToken cancellation = default)
    {
        var running = new Queue<Task<EncodedDocument[]>>();
        int most = Environment.ProcessorCount + 1;
        foreach (string[] batch in Batches(documents))
        {
            cancellation.ThrowIfCancellationRequested();
            running.Enqueue(Task.Run(() => Array.ConvertAll(batch, text => new EncodedDocument(text, Ids(text, tokenizer))), CancellationToken.None));
            if (running.Count < most) continue;
            foreach (EncodedDocument document in running.Dequeue().GetAwaiter().GetResult()) yield return document;
        }
        while (running.TryDequeue(out Task<EncodedDocument[]>? task))
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (EncodedDocument document in task.GetAwaiter().GetResult()) yield return document;
        }
    }

    private static int[] Ids(string text, Tokenizer tokenizer)
    {
        int[] ids = tokenizer.Encode(text);
        return tokenizer.AddsBos || tokenizer.EosId is not int eos ? ids : [.. ids, eos];
    }

    private static IEnumerable<string[]> Batches(IEnumerable<string> documents)
    {
        var batch = new List<string>();
        int characters = 0;
        foreach (string document in documents)
        {
            batch.Add(document);
            characters += document.Length;
            if (characters < BatchCharacters) continue;
            yield return batch.ToArray();
            batch.Clear();
            characters = 0;
        }
        if (batch.Count > 0) yield return batch.ToArray();
    }
}
