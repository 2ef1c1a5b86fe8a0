using System.Globalization;

namespace Flextron.Routing;

/// <summary>Size and fitting of the surrogate.</summary>
public sealed record SurrogateSettings
{
    /// <summary>P, hidden neurons.</summary>
    public int HiddenSize { get; init; } = 128;

    /// <summary>Most epochs of one fit; an epoch is one step over all training pairs.</summary>
    public int MaximumEpochs { get; init; } = 1500;

    /// <summary>A fit ends when the held-out relative error is at or below this.</summary>
    public double RelativeErrorThreshold { get; init; } = 0.003;

    /// <summary>Epochs between looks at the held-out error.</summary>
    public int CheckEvery { get; init; } = 50;

    /// <summary>Looks without improvement after which a fit ends with the best weights seen.</summary>
    public int Patience { get; init; } = 6;

    /// <summary>Adam's learning rate; falls to a tenth over the fit.</summary>
    public double LearningRate { get; init; } = 5e-3;

    /// <summary>
    /// Decoupled weight decay. A strong one matters more than anything else here: a few hundred measurements of a nearly additive function want
    /// a nearly linear surrogate (on a separable loss, 1 instead of 0.1 cuts the error on new networks by four).
    /// </summary>
    public double WeightDecay { get; init; } = 1;

    /// <summary>Share of networks that are held out.</summary>
    public double HeldOutShare { get; init; } = 0.3;

    /// <summary>Seed of initial weights and of the split.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public SurrogateSettings Validated()
    {
        static void Require(bool holds, FormattableString what)
        {
            if (!holds) throw new FlextronException($"Surrogate settings: {what.ToString(CultureInfo.InvariantCulture)}.");
        }

        Require(HiddenSize is >= 1 and <= 65536, $"hiddenSize is {HiddenSize}, give 1 to 65536");
        Require(MaximumEpochs >= 1, $"maximumEpochs is {MaximumEpochs}, give 1 or more");
        Require(CheckEvery >= 1, $"checkEvery is {CheckEvery}, give 1 or more");
        Require(Patience >= 1, $"patience is {Patience}, give 1 or more");
        Require(RelativeErrorThreshold >= 0, $"relativeErrorThreshold is {RelativeErrorThreshold}, give 0 or more");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), $"learningRate is {LearningRate}, give a positive number");
        Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), $"weightDecay is {WeightDecay}, give 0 or more");
        Require(HeldOutShare is > 0 and < 1, $"heldOutShare is {HeldOutShare}, give a number between 0 and 1");
        return this;
    }
}
