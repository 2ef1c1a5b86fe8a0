namespace Flextron.Importance;

/// <summary>How the importance of an MLP neuron is read off the calibration text.</summary>
public enum NeuronMetric
{
    /// <summary>Σ |act(gate)·up|: the natural reading of the paper's score for gated MLPs, and the default.</summary>
    GatedActivation,

    /// <summary>Σ |gate| before the non-linearity: the paper's formula taken literally (FLEXTRON, ICML 2024, section 3.1).</summary>
    PreActivation,

    /// <summary>Σ |act(gate)·up| times the norm of the neuron's down-projection row: how much it writes to the residual stream.</summary>
    Contribution,
}
