namespace Flextron.Evaluation;

/// <summary>Accuracy over part of a task's documents: an MMLU subject, or a group of subjects weighted by their questions.</summary>
/// <param name="Name">Subject or group.</param>
/// <param name="Docs">Number of documents.</param>
/// <param name="Accuracy">Share of right answers.</param>
/// <param name="Stderr">Sample standard deviation / √n.</param>
/// <param name="Interval">95 % Wilson interval.</param>
public sealed record GroupResult(string Name, int Docs, double Accuracy, double Stderr, ConfidenceInterval Interval);
