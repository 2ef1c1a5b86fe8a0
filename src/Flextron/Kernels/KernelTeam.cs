using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Flextron.Kernels;

/// <summary>
/// Shares a kernel's rows among the threads that libtorch itself computes with. Its OpenMP workers go on spinning after every operation, so
/// threads of another pool would wait for cores that nobody uses; where that OpenMP cannot be reached the thread pool does the work.
/// </summary>
internal static unsafe class KernelTeam
{
    private static readonly delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<Job*, void>, Job*, uint, uint, void> Parallel;
    private static readonly delegate* unmanaged[Cdecl]<int> ThreadNumber, ThreadCount;

    static KernelTeam()
    {
        if (!OperatingSystem.IsLinux()) return;
        // The library is in the process already, under a name that carries a hash.
        string? path = System.Diagnostics.Process.GetCurrentProcess().Modules.Cast<System.Diagnostics.ProcessModule>()
            .FirstOrDefault(m => m.ModuleName.StartsWith("libgomp", StringComparison.Ordinal))?.FileName;
        if (path is null || !NativeLibrary.TryLoad(path, out IntPtr library)) return;
        if (!NativeLibrary.TryGetExport(library, "GOMP_parallel", out IntPtr parallel)
            || !NativeLibrary.TryGetExport(library, "omp_get_thread_num", out IntPtr number)
            || !NativeLibrary.TryGetExport(library, "omp_get_num_threads", out IntPtr count)) return;
        Parallel = (delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<Job*, void>, Job*, uint, uint, void>)parallel;
        ThreadNumber = (delegate* unmanaged[Cdecl]<int>)number;
        ThreadCount = (delegate* unmanaged[Cdecl]<int>)count;
    }

    /// <summary>Runs a kernel over all rows and waits for it.</summary>
    /// <param name="kernel">What is done.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="grain">Fewest rows that are worth a thread.</param>
    public static void Run<T>(T kernel, long rows, long grain) where T : unmanaged, IRowKernel
    {
        int threads = (int)Math.Min(torch.get_num_threads(), rows / Math.Max(1, grain));
        if (threads <= 1)
        {
            kernel.Run(0, rows);
            return;
        }
        var job = new Job { Body = &Invoke<T>, Kernel = &kernel, Rows = rows };
        if (Parallel != null)
        {
            // Interrupting a notebook's cell aborts its thread, but never within a finally: an abort that crossed libgomp's frames would end the process.
            try
            {
            }
            finally
            {
                Parallel(&Member, &job, (uint)threads, 0);
            }
            return;
        }
        // A lambda cannot capture pointers to locals; the copy travels as an integer and outlives the call.
        IntPtr address = (IntPtr)(&job);
        System.Threading.Tasks.Parallel.For(0, threads, i => Part((Job*)address, i, threads));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Member(Job* job) => Part(job, ThreadNumber(), ThreadCount());

    private static void Part(Job* job, int index, int count)
    {
        (long start, long end) = (job->Rows * index / count, job->Rows * (index + 1) / count);
        if (start < end) job->Body(job->Kernel, start, end);
    }

    private static void Invoke<T>(void* kernel, long start, long end) where T : unmanaged, IRowKernel => ((T*)kernel)->Run(start, end);

    private struct Job
    {
        public delegate*<void*, long, long, void> Body;
        public void* Kernel;
        public long Rows;
    }
}
