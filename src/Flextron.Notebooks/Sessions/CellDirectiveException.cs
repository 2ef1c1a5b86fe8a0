namespace Flextron.Notebooks.Sessions;

/// <summary>A directive of a cell cannot be carried out.</summary>
internal sealed class CellDirectiveException(string message, int line, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Line of the cell, from 1.</summary>
    public int Line => line;
}
