using System.Runtime.Intrinsics;

namespace Flextron.Kernels;

/// <summary>An element type that kernels read and write; they compute in float32, sixteen lanes at a time.</summary>
/// <typeparam name="T">How an element is stored.</typeparam>
internal unsafe interface ILanes<T> where T : unmanaged
{
    /// <summary>Sixteen elements.</summary>
    static abstract Vector512<float> Load(T* source);

    /// <summary>Stores sixteen, rounded to the nearest.</summary>
    static abstract void Store(T* target, Vector512<float> value);

    /// <summary>One element.</summary>
    static abstract float Get(T value);

    /// <summary>One element, rounded to the nearest.</summary>
    static abstract T Put(float value);
}

/// <summary>float32 as it is.</summary>
internal readonly unsafe struct Float32Lanes : ILanes<float>
{
    public static Vector512<float> Load(float* source) => Vector512.Load(source);

    public static void Store(float* target, Vector512<float> value) => value.Store(target);

    public static float Get(float value) => value;

    public static float Put(float value) => value;
}

/// <summary>bfloat16: the upper half of a float32.</summary>
internal readonly unsafe struct BFloat16Lanes : ILanes<ushort>
{
    public static Vector512<float> Load(ushort* source)
    {
        Vector256<ushort> half = Vector256.Load(source);
        return Vector512.Create(Vector256.WidenLower(half), Vector256.WidenUpper(half)).ShiftLeft16();
    }

    public static void Store(ushort* target, Vector512<float> value)
    {
        Vector512<uint> bits = value.AsUInt32();
        Vector512<uint> rounded = (bits + Vector512.Create(0x7fffu) + ((bits >> 16) & Vector512<uint>.One)) >> 16;
        rounded = Vector512.ConditionalSelect(Vector512.Equals(value, value).AsUInt32(), rounded, Vector512.Create(0x7fc0u));
        Vector256.Narrow(rounded.GetLower(), rounded.GetUpper()).Store(target);
    }

    public static float Get(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);

    public static ushort Put(float value)
    {
        if (float.IsNaN(value)) return 0x7fc0;
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }
}

internal static class LaneExtensions
{
    public static Vector512<float> ShiftLeft16(this Vector512<uint> value) => (value << 16).AsSingle();
}
