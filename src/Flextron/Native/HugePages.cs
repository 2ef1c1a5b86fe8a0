using System.Runtime.InteropServices;

namespace Flextron.Native;

/// <summary>
/// Asks Linux to hold memory in pages of 2 MiB where it would use pages of 4 KiB. Decoding reads every weight once a token: in small pages each 4 KiB
/// cost a translation, which in a virtual machine is two, and the processor's own reading ahead ends at every page. Elsewhere, and where
/// the system has no such pages left, nothing happens and all works as before.
/// </summary>
internal static partial class HugePages
{
    /// <summary>Bytes of a huge page, and the alignment that it needs.</summary>
    public const int Size = 2 << 20;

    private const int AdviseHuge = 14, CollapseNow = 25;

    /// <summary>Asks before memory is first written.</summary>
    /// <param name="start">First byte.</param>
    /// <param name="bytes">How many; only whole huge pages within them are asked for.</param>
    /// <returns>Whether the system will try.</returns>
    public static bool Advise(nint start, long bytes) => Ask(start, bytes, AdviseHuge);

    /// <summary>
    /// Asks for memory that has been written: what lies in small pages is moved, at the same addresses, even where huge pages are switched off for whoever does not ask like
    /// this (madvise(2), MADV_COLLAPSE; since Linux 6.1). Costs next to nothing where nothing is to be moved.
    /// </summary>
    /// <param name="start">First byte.</param>
    /// <param name="bytes">How many; only whole huge pages within them are asked for.</param>
    /// <returns>Whether all of it now lies in huge pages.</returns>
    public static bool Collapse(nint start, long bytes) => Ask(start, bytes, CollapseNow);

    private static bool Ask(nint start, long bytes, int advice)
    {
        nint from = (start + Size - 1) & ~(nint)(Size - 1), to = (nint)(start + bytes) & ~(nint)(Size - 1);
        if (from >= to || !OperatingSystem.IsLinux()) return false;
        try
        {
            return MemoryAdvise(from, (nuint)(to - from), advice) == 0;
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MemoryAdvise(nint start, nuint bytes, int advice);
}
