using Flextron.Selection;

namespace Flextron.Cli.CommandLine;

/// <summary>Sizes of memory as people write them.</summary>
internal static class MemorySize
{
    /// <summary>Reads one, such as 300MB or 2GiB.</summary>
    /// <returns>Bytes.</returns>
    /// <exception cref="FlextronException">It is not a size.</exception>
    public static double Parse(string text) => Budget.Parse(text) is { Kind: BudgetKind.Bytes } bytes ? bytes.Value
        : throw new FlextronException($"'{text}' is not a memory size: give one such as 300MB.");
}
