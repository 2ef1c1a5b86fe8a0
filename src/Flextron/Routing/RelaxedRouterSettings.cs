using System.Globalization;

namespace Flextron.Routing;

/// <summary>Settings of router training end to end through the relaxed network.</summary>
public sealed record RelaxedRouterSettings
{
    /// <summary>Shape of the routers.</summary>
    public StaticRouterSettings Router { get; init; } = new();

    /// <summary>
    /// Optimiser steps; 0 takes as many as cost the LM operations that the surrogate's exploration would.
    /// </summary>
    public int Steps { get; init; }

    /// <summary>Sequences per step, each with its own latency target.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Tokens per sequence; the model's context where that is shorter.</summary>
    public int SequenceLength { get; init; } = 128;

    /// <summary>Adam steps of the warm start.</summary>
    public int WarmStartSteps { get; init; } = 300;

    /// <summary>Adam's learning rate; falls to a tenth.</summary>
    public double LearningRate { get; init; } = 0.01;

    /// <summary>λ: price of missing the target by the whole range of latencies, in the range of losses between smallest and whole network.</summary>
    public double LatencyWeight { get; init; } = 10;

    /// <summary>Temperature of the first draws.</summary>
    public double StartTemperature { get; init; } = 1;

    /// <summary>Temperature of the last draws; between them it falls geometrically.</summary>
    public double EndTemperature { get; init; } = 0.3;

    /// <summary>Seed of batches, targets and draws.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public RelaxedRouterSettings Validated()
    {
        static void Require(bool holds, FormattableString what)
        {
            if (!holds) throw new FlextronException($"End-to-end routing settings: {what.ToString(CultureInfo.InvariantCulture)}.");
        }

        Router.Validated();
        Require(Steps >= 0, $"steps is {Steps}, give 0 or more");
        Require(BatchSize >= 1, $"batchSize is {BatchSize}, give 1 or more");
        Require(SequenceLength >= 2, $"sequenceLength is {SequenceLength}, give 2 or more");
        Require(WarmStartSteps >= 0, $"warmStartSteps is {WarmStartSteps}, give 0 or more");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), $"learningRate is {LearningRate}, give a positive number");
        Require(LatencyWeight >= 0 && double.IsFinite(LatencyWeight), $"latencyWeight is {LatencyWeight}, give 0 or more");
        Require(EndTemperature > 0 && StartTemperature >= EndTemperature && double.IsFinite(StartTemperature), $"the temperature goes from {StartTemperature} to {EndTemperature}, let it fall and stay above 0");
        return this;
    }
}
