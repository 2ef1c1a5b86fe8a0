namespace Flextron.Workbench.Reruns;

/// <summary>All values of one file of a run beside those of its rerun.</summary>
/// <param name="Part"><c>summary</c>, <c>tables/NAME</c> or <c>metrics/STAGE</c>.</param>
/// <param name="Exact">Values that are the same to the last bit.</param>
/// <param name="Close">Values apart by no more than the tolerance.</param>
/// <param name="Different">Values further apart, missing or added.</param>
/// <param name="Measured">Values that are times or decided by times.</param>
/// <param name="Largest">The largest difference of those that should repeat, relative to the larger of 1 and the values' magnitudes.</param>
public sealed record ComparedPart(string Part, int Exact, int Close, int Different, int Measured, double Largest)
{
    /// <summary>Counts values.</summary>
    public static ComparedPart Of(string part, IReadOnlyList<ComparedValue> values)
    {
        int Count(Agreement agreement) => values.Count(v => v.Agreement == agreement);
        double largest = values.Where(v => v.Agreement is Agreement.Close or Agreement.Different && v.Difference is not null)
            .Select(v => Math.Abs(v.Difference!.Value) / Math.Max(1, Math.Max(Math.Abs(v.Before!.Value), Math.Abs(v.Now!.Value)))).DefaultIfEmpty(0).Max();
        return new ComparedPart(
            part, Count(Agreement.Exact), Count(Agreement.Close), Count(Agreement.Different) + Count(Agreement.Missing) + Count(Agreement.Added), Count(Agreement.Measured), largest);
    }
}
