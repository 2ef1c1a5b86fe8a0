namespace Flextron.Tests;

/// <summary>
/// Tests that run while no other does: those that force garbage collections, which can finalise a TorchSharp scalar that another thread has
/// just handed to libtorch.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
