using System.Diagnostics;
using System.Globalization;

namespace Flextron.Notebooks.Jupyter;

/// <summary>Notices that the front end that started this kernel is gone, so that no kernel is left behind after a crash.</summary>
public sealed class ParentWatch : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);
    private readonly Timer? timer;

    /// <summary>Begins to watch, where the front end says who it is (<c>JPY_PARENT_PID</c>).</summary>
    /// <param name="gone">Called when the parent has ended.</param>
    public ParentWatch(Action gone)
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable("JPY_PARENT_PID"), NumberStyles.None, CultureInfo.InvariantCulture, out int parent) || parent <= 1) return;
        timer = new Timer(_ => { if (!Exists(parent)) gone(); }, null, Period, Period);
    }

    /// <inheritdoc/>
    public void Dispose() => timer?.Dispose();

    private static bool Exists(int id)
    {
        try
        {
            using Process process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It cannot be looked at, so it is there.
            return true;
        }
    }
}
