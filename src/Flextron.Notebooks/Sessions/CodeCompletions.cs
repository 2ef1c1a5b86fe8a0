namespace Flextron.Notebooks.Sessions;

/// <summary>What could be typed at a place.</summary>
/// <param name="Items">Texts, best first.</param>
/// <param name="Start">Where the text begins that they replace.</param>
/// <param name="End">Where it ends.</param>
public sealed record CodeCompletions(IReadOnlyList<CodeCompletion> Items, int Start, int End);

/// <summary>One text that could be typed.</summary>
/// <param name="Text">The text.</param>
/// <param name="Kind">What it is: method, property, class, keyword, …</param>
public sealed record CodeCompletion(string Text, string Kind);
