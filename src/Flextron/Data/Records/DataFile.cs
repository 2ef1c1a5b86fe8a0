namespace Flextron.Data.Records;

/// <summary>Reading failures as one sentence.</summary>
internal static class DataFile
{
    /// <summary>Runs a read of a file.</summary>
    /// <exception cref="FlextronException">It cannot be read.</exception>
    public static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"Cannot read {path}: {e.Message}", e);
        }
    }
}
