namespace Flextron.Notebooks.Running;

/// <summary>Where a run of a notebook stopped.</summary>
/// <param name="Cell">The cell's execution count, from 1.</param>
/// <param name="Line">Line in the cell, from 1; 0 where unknown.</param>
/// <param name="Name">Kind of error.</param>
/// <param name="Message">One sentence.</param>
/// <param name="Trace">The whole error with the calls that led to it.</param>
public sealed record CellFailure(int Cell, int Line, string Name, string Message, IReadOnlyList<string> Trace);
