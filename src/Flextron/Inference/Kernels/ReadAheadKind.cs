namespace Flextron.Inference.Kernels;

/// <summary>Ways of asking for weights before they are read.</summary>
internal enum ReadAheadKind
{
    /// <summary>Not at all: they are in a cache. <see cref="NoReadAhead"/>.</summary>
    None,

    /// <summary>Whole rows of a length of which the first cache holds many: <see cref="NearStream"/>.</summary>
    Near,

    /// <summary>Longer rows: <see cref="FarStream"/>.</summary>
    Far,

    /// <summary>Beginnings of rows: <see cref="RowParts"/>.</summary>
    Parts,
}
