namespace Flextron.Dropping;

/// <summary>What is left out (He et al., arXiv 2406.15786).</summary>
public enum DropTarget
{
    /// <summary>Attention parts, their norms and their KV cache included.</summary>
    Attention,

    /// <summary>MLP parts with their norms.</summary>
    Mlp,

    /// <summary>Whole blocks.</summary>
    Block,

    /// <summary>Attention and MLP parts in one ranking.</summary>
    Joint,
}
