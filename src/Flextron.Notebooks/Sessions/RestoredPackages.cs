namespace Flextron.Notebooks.Sessions;

/// <summary>What a restore found.</summary>
/// <param name="Compile">Assemblies to compile against.</param>
/// <param name="Runtime">Assemblies to load.</param>
/// <param name="Native">Folders of native libraries for this platform.</param>
public sealed record RestoredPackages(IReadOnlyList<string> Compile, IReadOnlyList<string> Runtime, IReadOnlyList<string> Native);
