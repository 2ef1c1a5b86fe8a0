namespace Flextron.Notebooks.Display;

/// <summary>The cell that is running. It flows with asynchronous calls, so that what a task writes late still lands at its own cell.</summary>
/// <param name="output">Where output goes.</param>
/// <param name="cancellation">Cancelled when the user interrupts the cell.</param>
public sealed class CellContext(ICellOutput output, CancellationToken cancellation)
{
    private static readonly AsyncLocal<CellContext?> Ambient = new();

    /// <summary>The running cell; null outside of notebooks.</summary>
    public static CellContext? Current
    {
        get => Ambient.Value;
        internal set => Ambient.Value = value;
    }

    /// <summary>Where output goes.</summary>
    public ICellOutput Output => output;

    /// <summary>Cancelled when the user interrupts the cell; long work should stop then.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>The running cell.</summary>
    /// <exception cref="FlextronException">No cell is running.</exception>
    internal static CellContext Required => Current ?? throw new FlextronException("Displays need a running notebook cell: call this from a notebook.");
}
