namespace Flextron.Workbench.Reruns;

/// <summary>How a number of a rerun stands to the recorded one.</summary>
public enum Agreement
{
    /// <summary>The same to the last bit.</summary>
    Exact,

    /// <summary>Apart by no more than the tolerance.</summary>
    Close,

    /// <summary>Further apart than that.</summary>
    Different,

    /// <summary>A time, or decided by measured times: not expected to repeat.</summary>
    Measured,

    /// <summary>There before, and not now.</summary>
    Missing,

    /// <summary>Not there before.</summary>
    Added,
}
