namespace Flextron.Models;

/// <summary>What the rows of a block's tensor stand for; a vector's elements are its rows.</summary>
internal enum BlockAxis
{
    /// <summary>Channels of the residual stream.</summary>
    Channel,

    /// <summary>Elements of the query heads, head after head.</summary>
    Query,

    /// <summary>Elements of the key or value heads, group after group.</summary>
    Key,

    /// <summary>Neurons.</summary>
    Neuron,

    /// <summary>Elements of one head, the same for all.</summary>
    HeadElement,
}
