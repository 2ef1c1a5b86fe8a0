namespace Flextron.Workbench.Reruns;

/// <summary>One value of a run beside that of its rerun.</summary>
/// <param name="Name">The result in the summary; in a table its row and column, in the metrics row and field.</param>
/// <param name="Before">As recorded; null where it was not there or is no number.</param>
/// <param name="Now">In the rerun.</param>
/// <param name="Agreement">How they stand to each other.</param>
public sealed record ComparedValue(string Name, double? Before, double? Now, Agreement Agreement)
{
    /// <summary>Now − before.</summary>
    public double? Difference => Now - Before;

    /// <summary>Judges a pair of numbers.</summary>
    /// <param name="name">What it is.</param>
    /// <param name="before">As recorded.</param>
    /// <param name="now">In the rerun.</param>
    /// <param name="measured">Whether it is a time or decided by times.</param>
    /// <param name="tolerance">|now − before| may be up to this times the larger of 1 and their magnitudes.</param>
    public static ComparedValue Of(string name, double? before, double? now, bool measured, double tolerance)
    {
        Agreement agreement = (before, now) switch
        {
            (null, null) => Agreement.Exact,
            _ when measured => Agreement.Measured,
            (null, _) => Agreement.Added,
            (_, null) => Agreement.Missing,
            ({ } a, { } b) when a.Equals(b) => Agreement.Exact,
            ({ } a, { } b) when Math.Abs(b - a) <= tolerance * Math.Max(1, Math.Max(Math.Abs(a), Math.Abs(b))) => Agreement.Close,
            _ => Agreement.Different,
        };
        return new ComparedValue(name, before, now, agreement);
    }
}
