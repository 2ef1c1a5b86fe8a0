namespace Flextron.Evaluation.Tasks;

/// <summary>One scoring request in text.</summary>
/// <param name="Context">What the model is given.</param>
/// <param name="Continuation">What is scored after it, its leading space included.</param>
public readonly record struct EvaluationRequest(string Context, string Continuation);
