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
        long time = x_BTLH.size(1), half = x_BTLH.size(3) / 2;
        using var scope = NewDisposeScope();
        Tensor cos_T1I = cos_TI.narrow(0, start, time).unsqueeze(1), sin_T1I = sin_TI.narrow(0, start, time).unsqueeze(1);
        Tensor a = x_BTLH.narrow(3, 0, half), b = x_BTLH.narrow(3, half, half);
        return cat([a * cos_T1I - b * sin_T1I, b * cos_T1I + a * sin_T1I], 3).to(x_BTLH.dtype).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        cos_TI.Dispose();
        sin_TI.Dispose();
    }
}
