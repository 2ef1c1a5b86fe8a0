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

    /// <summary>Rotates heads at successive positions.</summary>
    /// <param name="x_BTLH">Query or key heads.</param>
    /// <param name="start">Position of the first one.</param>
    /// <returns>The same shape and type; the rotation itself is computed in float32.</returns>
    public Tensor Rotate(Tensor x_BTLH, long start)
    {
        ArgumentNullException.ThrowIfNull(x_BTLH);
        using var scope = NewDisposeScope();
        return Rotate(x_BTLH, cos_TI.narrow(0, start, x_BTLH.size(1)).unsqueeze(1), sin_TI.narrow(0, start, x_BTLH.size(1)).unsqueeze(1)).MoveToOuterDisposeScope();
    }

    /// <summary>The table's rows at given positions, to rotate heads with.</summary>
    /// <param name="positions_BT">Positions, int64.</param>
    /// <returns>Cosines and sines, B × T × 1 × H/2, in the caller's dispose scope.</returns>
    internal (Tensor Cos_BT1I, Tensor Sin_BT1I) At(Tensor positions_BT)
    {
        Tensor Rows(Tensor table_TI) => table_TI.index_select(0, positions_BT.flatten()).view(positions_BT.size(0), positions_BT.size(1), 1, -1);
        return (Rows(cos_TI), Rows(sin_TI));
    }

    /// <summary>Rotates heads by given angles.</summary>
    /// <param name="x_BTLH">Query or key heads.</param>
    /// <param name="cos">Cosines that broadcast against half a head.</param>
    /// <param name="sin">Sines.</param>
    /// <returns>The same shape and type; the rotation itself is computed in float32.</returns>
    internal static Tensor Rotate(Tensor x_BTLH, Tensor cos, Tensor sin)
    {
        long half = x_BTLH.size(3) / 2;
        Tensor a = x_BTLH.narrow(3, 0, half), b = x_BTLH.narrow(3, half, half);
        return cat([a * cos - b * sin, b * cos + a * sin], 3).to(x_BTLH.dtype);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        cos_TI.Dispose();
        sin_TI.Dispose();
    }
}
