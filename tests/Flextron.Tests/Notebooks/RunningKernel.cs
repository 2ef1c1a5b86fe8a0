using Flextron.Notebooks.Jupyter;

namespace Flextron.Tests.Notebooks;

/// <summary>A kernel on its own thread with a client.</summary>
internal sealed class RunningKernel : IDisposable
{
    private readonly Thread thread;
    private readonly JupyterKernel kernel;

    public RunningKernel(ConnectionInfo? connection = null)
    {
        Connection = connection ?? KernelClient.NewConnection();
        kernel = new JupyterKernel(Connection, Path.GetTempPath(), text => { lock (Log) Log.Add(text); });
        thread = new Thread(() => kernel.Run()) { IsBackground = true };
        thread.Start();
        Client = new KernelClient(Connection);
        Info = Client.WaitUntilReady();
    }

    public ConnectionInfo Connection { get; }

    public KernelClient Client { get; }

    public JupyterMessage Info { get; }

    public List<string> Log { get; } = [];

    public bool Ended(TimeSpan patience) => thread.Join(patience);

    public void Dispose()
    {
        kernel.Stop();
        thread.Join(TimeSpan.FromSeconds(20));
        Client.Dispose();
        kernel.Dispose();
    }
}
