namespace Flextron.Training.Passes;

/// <summary>Keeps some weights as they are for a part of a training: they get no gradient, no decay and no momentum.</summary>
public interface IWeightFreeze
{
    /// <summary>Whether a tensor is frozen now.</summary>
    /// <param name="name">As in <see cref="Models.DecoderWeights.Named"/>.</param>
    bool IsFrozen(string name);

    /// <summary>Hears of a step that is done.</summary>
    /// <param name="step">Steps done, from 1.</param>
    /// <param name="loss">Its training loss.</param>
    /// <returns>Whether <see cref="IsFrozen"/> answers differently from now on.</returns>
    bool Observe(int step, double loss);

    /// <summary>What a resumed run needs.</summary>
    IReadOnlyList<double> State { get; set; }
}
