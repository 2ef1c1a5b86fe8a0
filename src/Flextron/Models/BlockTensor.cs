namespace Flextron.Models;

/// <summary>The tensors that a block may have, in the order in which they are stored; <see cref="BlockLayout"/> says which a block has, and of what shape.</summary>
/// <remarks>
/// Query, key and value stand next to one another, and so do their biases, and gate and up projection: together they are one tensor, which is how some families store
/// them.
/// </remarks>
internal enum BlockTensor
{
    AttentionNorm,
    Query,
    Key,
    Value,
    Output,
    MlpNorm,
    Gate,
    Up,
    Down,
    AttentionNormBias,
    QueryBias,
    KeyBias,
    ValueBias,
    OutputBias,
    QueryNorm,
    KeyNorm,
    MlpNormBias,
    GateBias,
    UpBias,
    DownBias,
}
