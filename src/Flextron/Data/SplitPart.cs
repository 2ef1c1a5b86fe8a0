namespace Flextron.Data;

/// <summary>What a part of a corpus is for.</summary>
public enum SplitPart
{
    /// <summary>For training.</summary>
    Train,

    /// <summary>For importance scores.</summary>
    Calibration,

    /// <summary>For measuring; never trained on.</summary>
    HeldOut,
}
