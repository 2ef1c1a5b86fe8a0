namespace Flextron.Evaluation;

/// <summary>A task's scores at one budget.</summary>
/// <param name="Budget">As it was asked for.</param>
/// <param name="Result">The scores.</param>
public sealed record BudgetResult(string Budget, TaskResult Result);
