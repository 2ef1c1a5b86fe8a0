namespace Flextron.Tokenization;

/// <summary>Reads a whole small file from outside.</summary>
internal static class BoundedFile
{
    // Ten times the largest tokenizer in use.
    private const long Largest = 256L << 20;

    public static byte[] Read(string path, string what)
    {
        if (!File.Exists(path)) throw new FlextronException($"There is no {what} at {path}: check the path.");
        try
        {
            long length = new FileInfo(path).Length;
            if (length > Largest) throw new FlextronException($"{path} has {length} bytes, too many for a {what}: check the path.");
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"{path} is not a readable {what}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
