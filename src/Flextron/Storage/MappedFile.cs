using System.IO.MemoryMappedFiles;

namespace Flextron.Storage;

/// <summary>A file mapped for reading. Pages are read when touched; nothing is loaded up front.</summary>
internal sealed class MappedFile : IDisposable
{
    private readonly MemoryMappedFile file;
    private readonly Lazy<MemoryMappedViewAccessor> view;

    private MappedFile(string path, long length, MemoryMappedFile file)
    {
        (Path, Length, this.file) = (path, length, file);
        view = new Lazy<MemoryMappedViewAccessor>(() => file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read));
    }

    public string Path { get; }

    public long Length { get; }

    /// <summary>The whole file, mapped at first use and until the end, for those who read it in no order.</summary>
    public MemoryMappedViewAccessor View => view.Value;

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
                return new MappedFile(path, length, file);
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
        Read(offset, bytes);
        return bytes;
    }

    /// <summary>Copies bytes from a place. Only what is asked for is mapped, and only as long: pages of a large file that have been read do not stay with the process.</summary>
    public void Read(long offset, Span<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        using MemoryMappedViewAccessor part = file.CreateViewAccessor(offset, bytes.Length, MemoryMappedFileAccess.Read);
        part.SafeMemoryMappedViewHandle.ReadSpan((ulong)part.PointerOffset, bytes);
    }

    public void Dispose()
    {
        if (view.IsValueCreated) view.Value.Dispose();
        file.Dispose();
    }
}
