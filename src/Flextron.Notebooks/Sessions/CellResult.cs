using Flextron.Notebooks.Documents;

namespace Flextron.Notebooks.Sessions;

/// <summary>How a cell ended.</summary>
/// <param name="Error">Null where it finished.</param>
/// <param name="Elapsed">Time from compilation to the end.</param>
public sealed record CellResult(CellError? Error, TimeSpan Elapsed)
{
    /// <summary>Whether it finished.</summary>
    public bool Succeeded => Error is null;
}
