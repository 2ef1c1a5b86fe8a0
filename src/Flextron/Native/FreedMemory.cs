using System.Runtime.InteropServices;

namespace Flextron.Native;

/// <summary>
/// Asks the C library to keep freed memory for the next allocation. By default it returns large blocks to the system at once, and a training step, which
/// allocates and frees the same activations again and again, spends a tenth of its time on page faults. Memory stays with the process until it ends.
/// </summary>
internal static partial class FreedMemory
{
    private const int TrimThreshold = -1, MapThreshold = -3;

    // The largest threshold that glibc accepts, and the most that may stay free at the end of the heap.
    private const int LargestMapThreshold = 32 << 20, Kept = int.MaxValue;

    private static readonly Lazy<bool> Asked = new(Ask);

    /// <summary>Asks once; does nothing where the C library is another.</summary>
    /// <returns>Whether it was accepted.</returns>
    public static bool Keep() => Asked.Value;

    private static bool Ask()
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            return SetOption(MapThreshold, LargestMapThreshold) == 1 && SetOption(TrimThreshold, Kept) == 1;
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int parameter, int value);
}
