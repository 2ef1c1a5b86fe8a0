namespace Flextron.Native;

/// <summary>How the native half of TorchSharp was found.</summary>
/// <param name="LibraryPath">The file, or null where there is none.</param>
/// <param name="Loaded">Whether the dynamic linker accepts it.</param>
/// <param name="Explanation">Which copy is used and why, or what went wrong.</param>
/// <param name="Fix">What to do, where something is wrong.</param>
public sealed record TorchRuntimeState(string? LibraryPath, bool Loaded, string Explanation, string? Fix);
