namespace Flextron.Tests;

/// <summary>
/// Tests that run while no other does: they force garbage collections, or judge the memory of the whole process.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
