using System.Runtime.CompilerServices;
using Flextron.Native;
using TorchSharp;

namespace Flextron.Tests;

/// <summary>Test classes run side by side: one libtorch thread each, or they wait for each other at every operation.</summary>
internal static class TestThreads
{
#pragma warning disable CA2255 // The only hook that runs before every test of the assembly.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void UseOneEach()
    {
        if (TorchRuntime.State.Loaded) torch.set_num_threads(1);
    }
}
