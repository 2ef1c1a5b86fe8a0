namespace Flextron.Data;

/// <summary>
/// Parts a corpus by the content of its documents, so that equal documents never fall on both sides. A rule, not lists: parts of a corpus of any
/// size are read as a stream.
/// </summary>
/// <param name="CalibrationShare">Expected share for calibration.</param>
/// <param name="HeldOutShare">Expected share held out.</param>
/// <param name="Seed">Which split.</param>
public sealed record CorpusSplit(double CalibrationShare, double HeldOutShare, long Seed)
{
    /// <summary>Where a document belongs.</summary>
    public SplitPart PartOf(string document)
    {
        double u = (Seeds.Mix(Seed, document) >> 11) * (1.0 / (1UL << 53));
        return u < CalibrationShare ? SplitPart.Calibration : u < CalibrationShare + HeldOutShare ? SplitPart.HeldOut : SplitPart.Train;
    }

    /// <summary>The documents of one part, in order.</summary>
    /// <exception cref="FlextronException">At the end of the documents, where none belonged to the part: the corpus is too small.</exception>
    public IEnumerable<string> Select(IEnumerable<string> documents, SplitPart part)
    {
        ArgumentNullException.ThrowIfNull(documents);
        long read = 0, found = 0;
        foreach (string document in documents)
        {
            read++;
            if (PartOf(document) != part) continue;
            found++;
            yield return document;
        }
        if (found == 0)
            throw new FlextronException($"A corpus of {read} documents is too small to part into training, calibration and held-out text: give more documents.");
    }
}
