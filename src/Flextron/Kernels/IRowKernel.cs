namespace Flextron.Kernels;

/// <summary>Work that falls apart into rows which do not depend on each other. A struct without references: it lives on the caller's stack.</summary>
internal interface IRowKernel
{
    /// <summary>Does rows <paramref name="start"/> … <paramref name="end"/> − 1. Called from several threads at once; must not throw.</summary>
    void Run(long start, long end);
}
