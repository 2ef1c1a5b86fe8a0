using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>Rotary position embedding in the rotate-half layout (Su et al., arXiv 2104.09864): pair i of a head is (i, i + H/2).</summary>
public sealed class RotaryTable : IDisposable
{
    private readonly Tensor cos_TI, sin_TI;

    /// <summary>Computes the table in double precision and stores it as float32.</summary>
    /// <param name="length">Positions.</param>
    /// <param name="headSize">H, even.</param>
    /// <param name="theta">Frequency base.</param>
    /// <param name="device">Where.</param>
    public RotaryTable(int length, int headSize, double theta, Device device)
    {
        using var scope = NewDisposeScope();
        Tensor frequency_I = pow(theta, arange(0, headSize, 2, ScalarType.Float64) / -headSize);
        Tensor angle_TI = outer(arange(length, ScalarType.Float64), frequency_I);
        cos_TI = angle_TI.cos().to(ScalarType.Float32).to(device).DetachFromDisposeScope();
        sin_TI = angle_TI.sin().to(ScalarType.Float32).to(device).DetachFromDisposeScope();
    }

    /// <summary>The whole table, [positions, H/2], float32.</summary>
    internal (Tensor Cos_TI, Tensor Sin_TI) Angles => (cos_TI, sin_TI);

    /// <summary>Rotates heads.</summary>
    /// <param name="x_BTLH">Query or key heads.</param>
    /// <param name="start">Position of the first one.</param>
    /// <returns>The same shape and type; the rotation itself is computed in float32.</returns>
    public Tensor Rotate(Tensor x_BTLH, long start)
    {
        ArgumentNullException.ThrowIfNull(x_BTLH);
        long time = x_BTLH.size(1);
        using var scope = NewDisposeScope();
        return Turn(x_BTLH, cos_TI.narrow(0, start, time).unsqueeze(1), sin_TI.narrow(0, start, time).unsqueeze(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Rotates the heads of tokens that stand at any positions.</summary>
    /// <param name="x_NLH">Query or key heads.</param>
    /// <param name="position_N">Position of each token, int64.</param>
    /// <returns>The same shape and type.</returns>
    public Tensor RotateAt(Tensor x_NLH, Tensor position_N)
    {
        ArgumentNullException.ThrowIfNull(x_NLH);
        ArgumentNullException.ThrowIfNull(position_N);
        using var scope = NewDisposeScope();
        return Turn(x_NLH, cos_TI.index_select(0, position_N).unsqueeze(1), sin_TI.index_select(0, position_N).unsqueeze(1)).MoveToOuterDisposeScope();
    }

    private static Tensor Turn(Tensor x, Tensor cos_T1I, Tensor sin_T1I)
    {
        long half = x.size(-1) / 2;
        Tensor a = x.narrow(-1, 0, half), b = x.narrow(-1, half, half);
        return cat([a * cos_T1I - b * sin_T1I, b * cos_T1I + a * sin_T1I], -1).to(x.dtype);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        cos_TI.Dispose();
        sin_TI.Dispose();
    }
}
