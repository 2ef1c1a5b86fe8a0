namespace Flextron.Workbench.Comparisons;

/// <summary>Arms that are set side by side to answer one question.</summary>
/// <param name="Name">Short name, for files: letters, digits and '-'.</param>
/// <param name="Question">What the arms differ in, as a heading.</param>
/// <param name="Arms">Names of arms; the others are compared with the first.</param>
public sealed record ArmComparison(string Name, string Question, IReadOnlyList<string> Arms);
