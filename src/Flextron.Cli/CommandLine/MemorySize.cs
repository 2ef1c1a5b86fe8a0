using Flextron.Selection;

namespace Flextron.Cli.CommandLine;

/// <summary>Sizes of memory as people write them.</summary>
internal static class MemorySize
{
    /// <summary>Reads one, such as 300MB or 2GiB.</summary>
    /// <returns>Bytes.</returns>
    /// <exception cref="FlextronException">It is not a size.</exception>
    public static double Parse(string text)
    {
        try
        {
            if (Budget.Parse(text) is { Kind: BudgetKind.Bytes } bytes) return bytes.Value;
        }
        catch (FlextronException)
        {
            // What it says speaks of budgets.
        }
        throw new FlextronException($"'{text}' is not a memory size: give one such as 300MB or 2GiB.");
    }
}
