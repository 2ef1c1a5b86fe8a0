namespace Flextron.Notebooks.Documents;

/// <summary>Why a cell did not finish.</summary>
/// <param name="Name">Kind: the exception's name, or CompilationError, DirectiveError, Interrupted.</param>
/// <param name="Message">One sentence.</param>
/// <param name="Trace">What is printed: the message, then the calls in the cells and the library that led to it.</param>
/// <param name="Line">Line of the cell, from 1; 0 where unknown.</param>
public sealed record CellError(string Name, string Message, IReadOnlyList<string> Trace, int Line)
{
    /// <summary>The name of errors that the user caused by interrupting.</summary>
    public const string Interrupted = "Interrupted";
}
