namespace Flextron.Cli.CommandLine;

/// <summary>What <c>train</c> reports, also kept as <c>training.json</c>.</summary>
/// <param name="Steps">Optimiser steps done in all.</param>
/// <param name="ResumedFrom">Steps that had been done before; 0 for a run in one go.</param>
/// <param name="Compute">Type of the matrix products.</param>
/// <param name="Tokens">Tokens read, each counted once.</param>
/// <param name="LossPerBudget">Held-out loss by budget.</param>
/// <param name="HeldOutTokens">Tokens it was measured on.</param>
/// <param name="Out">Folder of the trained family.</param>
/// <param name="Releases">Steps after which transferred weights were released; null where nothing was frozen.</param>
internal sealed record TrainingSummary(
    int Steps, int ResumedFrom, string Compute, long Tokens, IReadOnlyDictionary<string, TrainingSummary.Change> LossPerBudget, long HeldOutTokens, string Out, IReadOnlyList<int>? Releases = null)
{
    /// <summary>Mean negative log-likelihood per held-out token in nats, with standard errors over windows.</summary>
    internal sealed record Change(double Before, double After, double BeforeStderr, double AfterStderr);
}
