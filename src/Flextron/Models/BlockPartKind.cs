namespace Flextron.Models;

/// <summary>What a block's tensor belongs to.</summary>
internal enum BlockPartKind
{
    /// <summary>Projections and their biases.</summary>
    Attention,

    /// <summary>The same of the MLP.</summary>
    Mlp,

    /// <summary>Norms, those of heads included.</summary>
    Norm,
}
