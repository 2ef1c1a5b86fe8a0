namespace Flextron.Importance;

/// <summary>How the importance of an MLP neuron is read off the calibration text.</summary>
public enum NeuronMetric
{
    /// <summary>Σ |act(gate)·up|, of an MLP without gates Σ |act(up)|: the natural reading of the paper's score for gated MLPs, and the default.</summary>
    GatedActivation,

    /// <summary>Σ |gate|, without gates Σ |up|, before the non-linearity: the paper's formula taken literally (FLEXTRON, ICML 2024, section 3.1).</summary>
    PreActivation,

    /// <summary>The gated activation times the norm of the neuron's down-projection row: how much it writes to the residual stream.</summary>
    Contribution,
}
