namespace Flextron.Data.Records;

/// <summary>Reading parquet with failures as one sentence.</summary>
internal static class ParquetFile
{
    /// <summary>Runs a read of a file. The package throws what it stumbles over, and a file from outside may make it stumble over anything, a size beyond all memory included.</summary>
    /// <exception cref="FlextronException">It is not readable parquet.</exception>
    public static T Guard<T>(string path, Func<Task<T>> read)
    {
        try
        {
            return read().GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is not FlextronException)
        {
            throw new FlextronException($"{path} is not a readable parquet file: {e.Message.ReplaceLineEndings(" ")} Get it again.", e);
        }
    }
}
