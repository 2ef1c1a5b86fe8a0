namespace Flextron.Workbench.Studies;

/// <summary>Which text, and how it is parted into calibration, training and held-out text.</summary>
public sealed record CorpusSettings
{
    /// <summary><c>embedded</c> for the tiny world, or a text or .jsonl file named like <see cref="StudySettings.Model"/>.</summary>
    public string Path { get; init; } = "embedded";

    /// <summary>Share of documents for calibration.</summary>
    public double CalibrationShare { get; init; } = 0.1;

    /// <summary>Share of documents held out.</summary>
    public double HeldOutShare { get; init; } = 0.1;

    /// <summary>Training tokens at most.</summary>
    public int MaximumTrainTokens { get; init; } = 4_000_000;

    /// <summary>Tokens per held-out window; the model's context where that is shorter.</summary>
    public int WindowLength { get; init; } = 256;

    /// <summary>Held-out windows that losses are measured on.</summary>
    public int HeldOutWindows { get; init; } = 48;

    /// <summary>Seed of the split, and of the tiny world's training text.</summary>
    public long Seed { get; init; } = 2;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public CorpusSettings Validated()
    {
        static void Require(bool holds, string what)
        {
            if (!holds) throw new FlextronException($"Experiment settings: {what}.");
        }

        Require(CalibrationShare > 0 && HeldOutShare > 0 && CalibrationShare + HeldOutShare < 1,
            FormattableString.Invariant($"corpus.calibrationShare {CalibrationShare} and corpus.heldOutShare {HeldOutShare} must be above 0 and leave text to train on"));
        Require(MaximumTrainTokens >= 2, $"corpus.maximumTrainTokens is {MaximumTrainTokens}, give 2 or more");
        Require(WindowLength >= 2, $"corpus.windowLength is {WindowLength}, give 2 or more");
        Require(HeldOutWindows >= 2, $"corpus.heldOutWindows is {HeldOutWindows}, give 2 or more, so that losses have an interval");
        return this;
    }
}
