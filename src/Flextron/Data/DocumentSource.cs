using Flextron.Storage;

namespace Flextron.Data;

/// <summary>Documents that can be read more than once, as a stream.</summary>
/// <param name="Name">What they are, for messages and manifests.</param>
/// <param name="Key">Names the same text even after its files have changed.</param>
/// <param name="Stamp">Changes when the files behind it change (names, sizes, times): equal stamps mean that nothing need be read again.</param>
/// <param name="Documents">Reads them from the beginning at every enumeration.</param>
public sealed record DocumentSource(string Name, string Key, string Stamp, IEnumerable<string> Documents)
{
    /// <summary>One part of it.</summary>
    public DocumentSource Part(CorpusSplit split, SplitPart part)
    {
        ArgumentNullException.ThrowIfNull(split);
        string suffix = FormattableString.Invariant($"\n{split.CalibrationShare} {split.HeldOutShare} {split.Seed} {part}");
        return new DocumentSource($"{Name} ({part})", ContentHash.OfText(Key + suffix), ContentHash.OfText(Stamp + suffix), split.Select(Documents, part));
    }
}
