using Flextron.Native;
using TorchSharp;

namespace Flextron.Workbench.Experiments;

/// <summary>The number of threads that libtorch computes with, set for as long as this is not disposed.</summary>
internal sealed class StageThreads : IDisposable
{
    private readonly int before;

    private StageThreads(int before) => this.before = before;

    /// <summary>The present number; 0 where libtorch cannot be loaded.</summary>
    public static int Now() => TorchRuntime.State.Loaded ? torch.get_num_threads() : 0;

    /// <summary>Sets the number; 0 leaves it as it is. What the stage itself sets, as for training that goes on, ends with it too.</summary>
    public static StageThreads Set(int threads)
    {
        int before = Now();
        if (threads > 0 && before > 0 && threads != before) torch.set_num_threads(threads);
        return new StageThreads(before);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (before > 0 && Now() != before) torch.set_num_threads(before);
    }
}
