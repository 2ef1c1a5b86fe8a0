using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>
/// Rotary position embedding in the rotate-half layout (Su et al., arXiv 2104.09864): pair i of a head's first R elements is (i, i + R/2); the
/// rest of the head passes unchanged. Of a model with learned positions R is 0, and nothing is rotated.
/// </summary>
/// <remarks>The table grows with the positions that are asked for, so that a long context costs memory only where it is used. Several threads may ask at a time.</remarks>
public sealed class RotaryTable : IDisposable
{
    private readonly object growing = new();
    private readonly List<Tensor> owned = [];
    private readonly double[] frequencies_I;
    private readonly double factor;
    private readonly BlockPattern? unrotated;
    private readonly int length;
    private readonly Device device;
    private volatile HeldAngles rows;

    /// <summary>Prepares the table of a model.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="device">Where.</param>
    public RotaryTable(ModelConfig config, Device device)
    {
        ArgumentNullException.ThrowIfNull(config);
        (frequencies_I, factor, unrotated, length, this.device) = (Frequencies(config), Factor(config), config.UnrotatedBlocks, config.ContextLength, device);
        rows = Compute(0);
    }

    /// <summary>Radians per position of each pair, R/2 of them.</summary>
    /// <param name="config">The model's shape.</param>
    public static double[] Frequencies(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        int rotated = config.RotarySize;
        double[] plain = [.. Enumerable.Range(0, rotated / 2).Select(i => Math.Pow(config.RopeTheta, -2.0 * i / rotated))];
        return config.Architecture.RopeScaling?.Apply(plain, config.RopeTheta, config.ContextLength) ?? plain;
    }

    /// <summary>What rotated elements are multiplied by: the model's scaling may make queries and keys larger.</summary>
    internal static double Factor(ModelConfig config) => config.Architecture.RopeScaling?.AttentionFactor ?? 1;

    /// <summary>Whether a block's queries and keys are rotated at all.</summary>
    internal bool Turns(int block) => unrotated?[block] != true;

    /// <summary>Cosines and sines, times the factor, of at least so many positions from the first, [positions, R/2], float32.</summary>
    internal (Tensor Cos_TI, Tensor Sin_TI) Angles(long positions)
    {
        HeldAngles held = Of(positions);
        return (held.Cos_TI, held.Sin_TI);
    }

    /// <summary>Rotates heads.</summary>
    /// <param name="x_BTLH">Query or key heads.</param>
    /// <param name="start">Position of the first one.</param>
    /// <returns>The same shape and type; the rotation itself is computed in float32.</returns>
    public Tensor Rotate(Tensor x_BTLH, long start)
    {
        ArgumentNullException.ThrowIfNull(x_BTLH);
        if (frequencies_I.Length == 0) return x_BTLH;
        long time = x_BTLH.size(1);
        HeldAngles held = Of(start + time);
        using var scope = NewDisposeScope();
        return Turn(x_BTLH, held.Cos_TI.narrow(0, start, time).unsqueeze(1), held.Sin_TI.narrow(0, start, time).unsqueeze(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Rotates the heads of tokens that stand at any positions.</summary>
    /// <param name="x_NLH">Query or key heads.</param>
    /// <param name="position_N">Position of each token, int64.</param>
    /// <param name="positions">More than the greatest of them.</param>
    /// <returns>The same shape and type.</returns>
    public Tensor RotateAt(Tensor x_NLH, Tensor position_N, long positions)
    {
        ArgumentNullException.ThrowIfNull(x_NLH);
        ArgumentNullException.ThrowIfNull(position_N);
        if (frequencies_I.Length == 0) return x_NLH;
        HeldAngles held = Of(positions);
        using var scope = NewDisposeScope();
        return Turn(x_NLH, held.Cos_TI.index_select(0, position_N).unsqueeze(1), held.Sin_TI.index_select(0, position_N).unsqueeze(1)).MoveToOuterDisposeScope();
    }

    private HeldAngles Of(long positions)
    {
        HeldAngles held = rows;
        if (positions <= held.Length) return held;
        lock (growing)
        {
            // Tables that others may still be reading stay until the end: doubling keeps them together no larger than the last one.
            if (positions > rows.Length) rows = Compute((int)Math.Min(length, Math.Max(Math.Max(positions, 2L * rows.Length), 256)));
            return rows;
        }
    }

    private HeldAngles Compute(int positions)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor angle_TI = outer(arange(positions, ScalarType.Float64), tensor(frequencies_I, ScalarType.Float64));
        Tensor Kept(Tensor x_TI)
        {
            Tensor kept = x_TI.to(ScalarType.Float32).to(device).DetachFromDisposeScope();
            owned.Add(kept);
            return kept;
        }

        return new HeldAngles(Kept(angle_TI.cos() * factor), Kept(angle_TI.sin() * factor), positions);
    }

    private static Tensor Turn(Tensor x, Tensor cos_T1I, Tensor sin_T1I)
    {
        long half = cos_T1I.size(-1), rest = x.size(-1) - 2 * half;
        Tensor a = x.narrow(-1, 0, half), b = x.narrow(-1, half, half);
        Tensor first = a * cos_T1I - b * sin_T1I, second = b * cos_T1I + a * sin_T1I;
        return (rest == 0 ? cat([first, second], -1) : cat([first, second, x.narrow(-1, 2 * half, rest).to(first.dtype)], -1)).to(x.dtype);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in owned) tensor.Dispose();
        owned.Clear();
    }

    private sealed record HeldAngles(Tensor Cos_TI, Tensor Sin_TI, int Length);
}
