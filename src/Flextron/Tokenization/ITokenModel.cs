namespace Flextron.Tokenization;

/// <summary>The part of a tokenizer that turns one word of the pre-tokenizer into ids. Implementations are safe to use from several threads.</summary>
internal interface ITokenModel
{
    /// <summary>Appends the ids of a word.</summary>
    /// <param name="word">Valid UTF-16.</param>
    /// <param name="output">Receives the ids.</param>
    void Encode(ReadOnlySpan<char> word, List<int> output);
}
