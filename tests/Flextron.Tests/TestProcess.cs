using System.Runtime.CompilerServices;
using Flextron.Native;
using Flextron.Storage;
using TorchSharp;

namespace Flextron.Tests;

/// <summary>
/// What every test relies on. Test classes run side by side: one libtorch thread each, or they wait for each other at every operation. The cache
/// is a folder of this test run, deleted at its end.
/// </summary>
internal static class TestProcess
{
#pragma warning disable CA2255 // The only hook that runs before every test of the assembly.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Prepare()
    {
        var cache = new TemporaryFolder();
        Environment.SetEnvironmentVariable(CacheFolder.Variable, cache.Path);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => cache.Dispose();
        if (TorchRuntime.State.Loaded) UseOneThread();
    }

    // A method of its own: naming torch loads TorchSharp, which must be prepared before.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void UseOneThread() => torch.set_num_threads(1);
}
