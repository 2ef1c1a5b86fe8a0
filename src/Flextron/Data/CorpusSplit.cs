namespace Flextron.Data;

/// <summary>Parts a corpus by the content of its documents, so that equal documents never fall on both sides.</summary>
/// <param name="Calibration">For importance scores.</param>
/// <param name="Train">For training.</param>
/// <param name="HeldOut">For measuring; never trained on.</param>
public sealed record CorpusSplit(IReadOnlyList<string> Calibration, IReadOnlyList<string> Train, IReadOnlyList<string> HeldOut)
{
    /// <summary>Splits documents.</summary>
    /// <param name="documents">All of them.</param>
    /// <param name="calibrationShare">Expected share for calibration.</param>
    /// <param name="heldOutShare">Expected share held out.</param>
    /// <param name="seed">Which split.</param>
    /// <exception cref="FlextronException">A part came out empty: the corpus is too small.</exception>
    public static CorpusSplit Of(IEnumerable<string> documents, double calibrationShare, double heldOutShare, long seed)
    {
        ArgumentNullException.ThrowIfNull(documents);
        List<string> calibration = [], train = [], heldOut = [];
        foreach (string document in documents)
        {
            double u = (Seeds.Mix(seed, document) >> 11) * (1.0 / (1UL << 53));
            (u < calibrationShare ? calibration : u < calibrationShare + heldOutShare ? heldOut : train).Add(document);
        }
        if (calibration.Count == 0 || train.Count == 0 || heldOut.Count == 0)
            throw new FlextronException($"A corpus of {calibration.Count + train.Count + heldOut.Count} documents is too small to part into calibration, training and held-out text: give more documents.");
        return new CorpusSplit(calibration, train, heldOut);
    }
}
