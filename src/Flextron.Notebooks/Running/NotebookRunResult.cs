using Flextron.Notebooks.Documents;

namespace Flextron.Notebooks.Running;

/// <summary>What a run of a notebook gave.</summary>
/// <param name="Document">The notebook with the outputs of what ran.</param>
/// <param name="CellsRun">Code cells that finished.</param>
/// <param name="CodeCells">Code cells in all.</param>
/// <param name="Failure">Where it stopped; null where all cells finished.</param>
/// <param name="Elapsed">Time from the first cell to the last.</param>
public sealed record NotebookRunResult(NotebookDocument Document, int CellsRun, int CodeCells, CellFailure? Failure, TimeSpan Elapsed);
