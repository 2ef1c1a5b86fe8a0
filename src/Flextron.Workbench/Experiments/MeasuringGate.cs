namespace Flextron.Workbench.Experiments;

/// <summary>Keeps the process's other stages from computing while one measures time.</summary>
internal static class MeasuringGate
{
    private static readonly ReaderWriterLockSlim Gate = new();

    /// <summary>Does a stage's work: alone where it measures, side by side with others that do not.</summary>
    public static void Run(bool measures, Action work)
    {
        if (measures) Gate.EnterWriteLock();
        else Gate.EnterReadLock();
        try
        {
            work();
        }
        finally
        {
            if (measures) Gate.ExitWriteLock();
            else Gate.ExitReadLock();
        }
    }
}
