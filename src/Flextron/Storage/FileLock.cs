namespace Flextron.Storage;

/// <summary>
/// A lock between processes: an open file that nobody else may open. The system releases it when the process ends, however it ends, so a
/// stale one cannot remain. The (empty) file itself stays: deleting it would let two waiters hold two different files of one name.
/// </summary>
public sealed class FileLock : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <summary>Takes the lock, or returns null where somebody holds it.</summary>
    /// <exception cref="FlextronException">The lock file cannot be made.</exception>
    public static FileLock? TryTake(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return new FileLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (IsHeld(e))
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"Cannot lock {path}: {e.Message} Check that the folder can be written.", e);
        }
    }

    /// <summary>Waits for the lock.</summary>
    /// <param name="path">The lock file.</param>
    /// <param name="onWait">Called once if there is something to wait for.</param>
    /// <param name="cancellation">Gives up.</param>
    public static FileLock Take(string path, Action onWait, CancellationToken cancellation)
    {
        bool waiting = false;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (TryTake(path) is { } taken) return taken;
            if (!waiting) onWait();
            waiting = true;
            cancellation.WaitHandle.WaitOne(Poll);
        }
    }

    /// <summary>Whether somebody holds the lock.</summary>
    public static bool IsTaken(string path)
    {
        if (!File.Exists(path)) return false;
        try
        {
            using FileLock? taken = TryTake(path);
            return taken is null;
        }
        catch (FlextronException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // EWOULDBLOCK on Linux and macOS, ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION on Windows.
    private static bool IsHeld(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020) or unchecked((int)0x80070021);
}
