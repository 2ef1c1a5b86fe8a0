using System.IO.MemoryMappedFiles;

namespace Flextron.Storage;

/// <summary>A file mapped for reading. Pages are read when touched; nothing is loaded up front.</summary>
internal sealed class MappedFile : IDisposable
{
    private readonly MemoryMappedFile file;

    private MappedFile(string path, long length, MemoryMappedFile file, MemoryMappedViewAccessor view)
    {
        Path = path;
        Length = length;
        this.file = file;
        View = view;
    }

    public string Path { get; }

    public long Length { get; }

    public MemoryMappedViewAccessor View { get; }

    /// <summary>Maps a file of at least <paramref name="leastLength"/> bytes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What it should be, with its article, for the message.</param>
    /// <param name="leastLength">The size of the smallest such file.</param>
    public static MappedFile Open(string path, string what, long leastLength)
    {
        if (!File.Exists(path)) throw new FlextronException($"There is no file {path}: check the path.");
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            MemoryMappedFile? file = null;
            try
            {
                long length = stream.Length;
                if (length < leastLength)
                    throw new FlextronException(
                        $"{path} is not {what}: it has {length} bytes and would need at least {leastLength}; fetch it again.");
                file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
                return new MappedFile(path, length, file, file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read));
            }
            catch
            {
                file?.Dispose();
                stream.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new FlextronException($"{path} cannot be read: {e.Message} Check its permissions.", e);
        }
    }

    public byte[] Bytes(long offset, int count)
    {
        byte[] bytes = new byte[count];
        View.SafeMemoryMappedViewHandle.ReadSpan<byte>((ulong)offset, bytes);
        return bytes;
    }

    public void Dispose()
    {
        View.Dispose();
        file.Dispose();
    }
}
