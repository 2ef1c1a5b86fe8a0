namespace Flextron.Notebooks.Sessions;

/// <summary>One step of a cell: C# code, or a directive that the host carries out.</summary>
/// <param name="Line">Where it starts in the cell, from 1.</param>
internal abstract record CellStep(int Line);

/// <summary>Code; lines that belong to other steps are blank, so that line numbers hold.</summary>
internal sealed record CodeStep(string Code, int Line) : CellStep(Line);

/// <summary>A directive: <c>#!time</c>, <c>#!import FILE</c>, <c>#i "nuget:…"</c>, <c>#r "nuget:…"</c>.</summary>
/// <param name="Name">Its name with the marks: <c>#!import</c>.</param>
/// <param name="Argument">What follows, quotes removed.</param>
/// <param name="Line">Where.</param>
internal sealed record DirectiveStep(string Name, string Argument, int Line) : CellStep(Line);
