namespace Flextron.Training.Checkpoints;

/// <summary>What a run is of; all of it must be the same when it is continued.</summary>
/// <param name="Settings">How it trains; how often it measures does not matter.</param>
/// <param name="Sources">Names and hashes of what it is made from, such as the family, the texts and the teacher.</param>
public sealed record TrainingIdentity(JointTrainingSettings Settings, IReadOnlyDictionary<string, string> Sources);
