using System.Diagnostics;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Flextron.Native;

/// <summary>Keeps what is passed to libtorch alive until the call has returned, which TorchSharp 0.107 itself does not do.</summary>
/// <remarks>
/// <para>
/// Its wrappers read the native handle of an argument and call. Once optimised, such an argument is garbage as soon as its handle was read; where another
/// thread collects at that moment, its finaliser frees what the call is about to read. Scalars are hit most, even the hidden 1 of <c>a + b</c>:
/// "Unknown scalar type", "Expected false to be true".
/// </para>
/// <para>
/// Unoptimised code keeps arguments until a method ends. So the copy in the program's own folder is marked, by two bits of its
/// <see cref="DebuggableAttribute"/>, as one to be compiled without optimisation. Its wrappers are thin; the time is in libtorch.
/// </para>
/// </remarks>
internal static class ManagedLifetimes
{
    /// <summary>The file's name.</summary>
    public const string FileName = "TorchSharp.dll";

    private const byte Default = (byte)DebuggableAttribute.DebuggingModes.Default;
    private const byte DisableOptimizations = (int)DebuggableAttribute.DebuggingModes.DisableOptimizations >> 8;

    /// <summary>Marks the copy in a folder, before it is loaded; a copy that is already marked is left alone.</summary>
    /// <returns>What is wrong, or null where all is well or there is no copy.</returns>
    public static string? Ensure(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            byte[] image = File.ReadAllBytes(path);
            if (!Mark(image)) return null;
            string temporary = $"{path}.{Environment.ProcessId}.tmp";
            File.WriteAllBytes(temporary, image);
            // The build compares time and size to decide whether to copy the original again.
            File.SetLastWriteTimeUtc(temporary, File.GetLastWriteTimeUtc(path));
            File.Move(temporary, path, overwrite: true);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or BadImageFormatException)
        {
            return $"{FileName} could not be adapted ({e.Message}): arguments of its calls may be freed too early where several threads work";
        }
    }

    /// <summary>Marks an assembly's image.</summary>
    /// <returns>Whether anything had to be changed.</returns>
    /// <exception cref="BadImageFormatException">Not an assembly with the attribute as compilers write it.</exception>
    public static unsafe bool Mark(byte[] image)
    {
        fixed (byte* start = image)
        {
            using var file = new PEReader(start, image.Length);
            MetadataReader reader = file.GetMetadataReader();
            foreach (CustomAttributeHandle handle in reader.GetAssemblyDefinition().GetCustomAttributes())
            {
                CustomAttribute attribute = reader.GetCustomAttribute(handle);
                if (NameOf(reader, attribute) != nameof(DebuggableAttribute)) continue;
                BlobReader value = reader.GetBlobReader(attribute.Value);
                // Two bytes of prologue, the modes as a 32-bit number, no named arguments.
                if (value.Length != 8) break;
                Span<byte> modes = image.AsSpan((int)(value.CurrentPointer - start) + 2, 4);
                if ((modes[0] & Default) != 0 && (modes[1] & DisableOptimizations) != 0) return false;
                modes[0] |= Default;
                modes[1] |= DisableOptimizations;
                return true;
            }
        }
        throw new BadImageFormatException("it has no DebuggableAttribute of the usual form");
    }

    private static string? NameOf(MetadataReader reader, CustomAttribute attribute)
    {
        if (attribute.Constructor.Kind != HandleKind.MemberReference) return null;
        EntityHandle type = reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent;
        return type.Kind == HandleKind.TypeReference ? reader.GetString(reader.GetTypeReference((TypeReferenceHandle)type).Name) : null;
    }
}
