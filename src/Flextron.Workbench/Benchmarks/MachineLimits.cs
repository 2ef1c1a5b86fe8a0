using static TorchSharp.torch;

namespace Flextron.Workbench.Benchmarks;

/// <summary>
/// What this machine can do at most, as cases to be timed beside everything that is compared with them: matrix products of 1024³ in float32 and
/// bfloat16, and the memory bandwidth of a += s·b over arrays of 64 MB.
/// </summary>
public sealed class MachineLimits : IDisposable
{
    /// <summary>Case name of the float32 product.</summary>
    public const string GemmFloat32 = "float32 GEMM 1024³";

    /// <summary>Case name of the bfloat16 product.</summary>
    public const string GemmBFloat16 = "bfloat16 GEMM 1024³";

    /// <summary>Case name of the triad.</summary>
    public const string Triad = "triad";

    /// <summary>Floating-point operations of one product: 2 · 1024³.</summary>
    public const double GemmFlops = 2.0 * Size * Size * Size;

    /// <summary>Bytes moved by one triad: two arrays read, one written.</summary>
    public const double TriadBytes = 3.0 * TriadLength * sizeof(float);

    private const int Size = 1024, TriadLength = 1 << 24;
    private readonly Tensor a_MK = rand(Size, Size).sub_(0.5).DetachFromDisposeScope(), b_KN = rand(Size, Size).sub_(0.5).DetachFromDisposeScope();
    private readonly Tensor c_MN = empty(Size, Size).DetachFromDisposeScope(), halfA_MK, halfB_KN, halfC_MN;
    private Tensor? x, y;

    /// <summary>Allocates the matrices.</summary>
    public MachineLimits()
    {
        halfA_MK = a_MK.to(ScalarType.BFloat16).DetachFromDisposeScope();
        halfB_KN = b_KN.to(ScalarType.BFloat16).DetachFromDisposeScope();
        halfC_MN = c_MN.to(ScalarType.BFloat16).DetachFromDisposeScope();
    }

    /// <summary>The float32 product.</summary>
    public BenchmarkCase Float32Case => new(GemmFloat32, () => c_MN.addmm_(a_MK, b_KN, beta: 0, alpha: 1));

    /// <summary>The bfloat16 product.</summary>
    public BenchmarkCase BFloat16Case => new(GemmBFloat16, () => halfC_MN.addmm_(halfA_MK, halfB_KN, beta: 0, alpha: 1));

    /// <summary>The triad.</summary>
    public BenchmarkCase TriadCase
    {
        get
        {
            (x, y) = (x ?? zeros(TriadLength).DetachFromDisposeScope(), y ?? ones(TriadLength).DetachFromDisposeScope());
            return new BenchmarkCase(Triad, () => x.add_(y, 3));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor? tensor in (Tensor?[])[a_MK, b_KN, c_MN, halfA_MK, halfB_KN, halfC_MN, x, y]) tensor?.Dispose();
    }
}
