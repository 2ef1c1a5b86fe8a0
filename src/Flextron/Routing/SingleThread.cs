using static TorchSharp.torch;

namespace Flextron.Routing;

/// <summary>
/// Runs torch on one thread within a scope. Routers and surrogate are far too small to share out: waking a second thread costs more than an
/// operation, and on a busy machine hundreds of times more. It also makes their numbers independent of the number of cores.
/// </summary>
internal readonly struct SingleThread : IDisposable
{
    private readonly int before;

    private SingleThread(int before) => this.before = before;

    public static SingleThread Enter()
    {
        int before = get_num_threads();
        if (before != 1) set_num_threads(1);
        return new SingleThread(before);
    }

    public void Dispose()
    {
        if (before > 1) set_num_threads(before);
    }
}
