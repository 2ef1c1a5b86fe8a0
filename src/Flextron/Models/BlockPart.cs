namespace Flextron.Models;

/// <summary>The two halves of a block, each with its norm and its residual connection.</summary>
public enum BlockPart
{
    /// <summary>Attention.</summary>
    Attention,

    /// <summary>The MLP.</summary>
    Mlp,
}
