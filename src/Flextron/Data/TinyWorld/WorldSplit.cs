namespace Flextron.Data.TinyWorld;

/// <summary>
/// The four parts of the tiny world's text. A passage, question or goal belongs to exactly one of them, decided by a hash of what it is
/// made of, so no part can ever repeat a unit of another, whatever the seed.
/// </summary>
public enum WorldSplit
{
    /// <summary>For training (34 of 40 hash buckets).</summary>
    Train,

    /// <summary>For ranking neurons and heads (2 of 40).</summary>
    Calibration,

    /// <summary>For validation loss (2 of 40).</summary>
    HeldOut,

    /// <summary>For the three evaluation sets (2 of 40).</summary>
    Evaluation,
}
