namespace Flextron.Tokenization;

/// <summary>One id for each whole word (<c>WordLevel</c>).</summary>
/// <param name="ids">Id by word.</param>
/// <param name="unknown">Id of every other word; null drops it.</param>
internal sealed class WordLevelModel(Dictionary<string, int> ids, int? unknown) : ITokenModel
{
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ids = ids.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> word, List<int> output)
    {
        if (_ids.TryGetValue(word, out int id)) output.Add(id);
        else if (unknown is { } other) output.Add(other);
    }
}
