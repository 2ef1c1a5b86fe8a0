namespace Flextron.Workbench.WayComparisons;

/// <summary>How much training a network gets: what is held equal between the ways.</summary>
internal enum WayView
{
    /// <summary>Every network has all the tokens.</summary>
    Each,

    /// <summary>All networks of a way have as many tokens together.</summary>
    Together,

    /// <summary>All networks of a way have as many operations together as the family's training.</summary>
    Operations,
}
