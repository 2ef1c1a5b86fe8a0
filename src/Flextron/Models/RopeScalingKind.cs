namespace Flextron.Models;

/// <summary>Formulas for scaled rotary frequencies.</summary>
public enum RopeScalingKind
{
    /// <summary>Every frequency divided by the factor (position interpolation, Chen et al., arXiv 2306.15595).</summary>
    Linear,

    /// <summary>Low frequencies divided, high ones left alone, a smooth passage between (Llama 3.1, arXiv 2407.21783).</summary>
    Llama3,
}
