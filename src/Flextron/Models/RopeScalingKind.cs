namespace Flextron.Models;

/// <summary>Formulas for scaled rotary frequencies.</summary>
public enum RopeScalingKind
{
    /// <summary>Every frequency divided by the factor (position interpolation, Chen et al., arXiv 2306.15595).</summary>
    Linear,

    /// <summary>Low frequencies divided, high ones left alone, a smooth passage between (Llama 3.1, arXiv 2407.21783).</summary>
    Llama3,

    /// <summary>
    /// A base that grows with the text once that is longer than the model's context (NTK-aware scaling; Peng et al., arXiv 2309.00071, §3.3). Within the context,
    /// beyond which no text is read here, the frequencies are the plain ones.
    /// </summary>
    Dynamic,

    /// <summary>Pairs that turn often left alone, those that turn seldom divided, a ramp over pairs between, and larger queries and keys (YaRN, Peng et al., arXiv 2309.00071).</summary>
    Yarn,

    /// <summary>Every frequency divided by a factor of its own, of which there are two sets: within the original context, and beyond it (LongRoPE, Ding et al., arXiv 2402.13753).</summary>
    LongRope,
}
