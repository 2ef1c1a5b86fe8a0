using System.Runtime.CompilerServices;

// Compiled into the library and, by Directory.Build.targets, into every program and test assembly: whichever of them runs first
// prepares libtorch before TorchSharp is touched.
#pragma warning disable CA2255 // A module initializer is the only hook that runs before any code of the assembly.

internal static class TorchModuleInitializer
{
    [ModuleInitializer]
    internal static void Prepare() => Flextron.Native.TorchRuntime.EnsurePrepared();
}
