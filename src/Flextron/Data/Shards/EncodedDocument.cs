namespace Flextron.Data.Shards;

/// <summary>A document and its ids, boundary id included.</summary>
internal readonly record struct EncodedDocument(string Text, int[] Ids);
