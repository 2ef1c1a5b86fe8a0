namespace Flextron.Evaluation.Scoring;

/// <summary>One row of a batch: successive inputs, in lexicographic order, that share a tree.</summary>
/// <param name="From">First input.</param>
/// <param name="To">Behind the last.</param>
/// <param name="Group">0 for a row on its own; else the number of the group whose prefix is computed beforehand, once.</param>
/// <param name="Prefix">Tokens of that prefix.</param>
/// <param name="Tokens">Tokens of the tree, without the prefix.</param>
internal readonly record struct ScoringRow(int From, int To, int Group, int Prefix, int Tokens);
