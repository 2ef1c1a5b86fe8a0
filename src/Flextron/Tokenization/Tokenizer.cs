namespace Flextron.Tokenization;

/// <summary>Text to token ids and back. Implementations are immutable and safe to use from several threads.</summary>
public abstract class Tokenizer
{
    /// <summary>How words become ids, for people: BPE, unigram and the like.</summary>
    public virtual string Kind => "of its own kind";

    /// <summary>Number of ids, special ones included.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>Beginning-of-sequence id, where the model has one.</summary>
    public abstract int? BosId { get; }

    /// <summary>End-of-sequence id, where the model has one.</summary>
    public abstract int? EosId { get; }

    /// <summary>Whether <see cref="Encode"/> puts <see cref="BosId"/> in front by the tokenizer's own default.</summary>
    public abstract bool AddsBos { get; }

    /// <summary>Encodes a text.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="addSpecialTokens">Whether to add what the tokenizer adds by its own default (Llama: BOS in front).</param>
    public abstract int[] Encode(string text, bool addSpecialTokens = true);

    /// <summary>Decodes ids to text; special tokens are left out. Bytes that are not UTF-8 become U+FFFD.</summary>
    /// <exception cref="FlextronException">An id is outside the vocabulary.</exception>
    public abstract string Decode(IEnumerable<int> ids);

    /// <summary>The token's own text, as the vocabulary spells it.</summary>
    /// <exception cref="FlextronException">The id is outside the vocabulary.</exception>
    public abstract string TokenText(int id);
}
