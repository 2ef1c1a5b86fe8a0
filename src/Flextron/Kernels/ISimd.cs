namespace Flextron.Kernels;

/// <summary>
/// One width of vector unit. Kernels are written once over it; the compiler specialises them for each width, so that nothing of the
/// abstraction is left at run time.
/// </summary>
/// <typeparam name="V">A vector of float32 lanes.</typeparam>
internal unsafe interface ISimd<V> where V : struct
{
    /// <summary>Lanes of a vector.</summary>
    static abstract int Count { get; }

    /// <summary>All lanes equal.</summary>
    static abstract V Broadcast(float value);

    /// <summary>Reads <see cref="Count"/> float32 values, at any alignment.</summary>
    static abstract V Load(float* source);

    /// <summary>Reads <see cref="Count"/> bfloat16 values and widens them.</summary>
    static abstract V LoadBFloat16(ushort* source);

    /// <summary>Reads <see cref="Count"/> signed bytes and converts them.</summary>
    static abstract V LoadInt8(sbyte* source);

    /// <summary>Reads the first so many float32 values, fewer than <see cref="Count"/>; the other lanes are zeros, and what lies behind is not read.</summary>
    static abstract V LoadPart(float* source, int count);

    /// <summary>The same of bfloat16 values.</summary>
    static abstract V LoadPartBFloat16(ushort* source, int count);

    /// <summary>The same of signed bytes.</summary>
    static abstract V LoadPartInt8(sbyte* source, int count);

    /// <summary>Writes <see cref="Count"/> values.</summary>
    static abstract void Store(V value, float* target);

    /// <summary>Writes the first so many lanes, fewer than <see cref="Count"/>, and nothing behind them.</summary>
    static abstract void StorePart(V value, float* target, int count);

    /// <summary>The first so many lanes; zeros in the others, whatever stood there.</summary>
    static abstract V First(V value, int count);

    /// <summary>a + b.</summary>
    static abstract V Add(V a, V b);

    /// <summary>a − b.</summary>
    static abstract V Subtract(V a, V b);

    /// <summary>a · b.</summary>
    static abstract V Multiply(V a, V b);

    /// <summary>a / b.</summary>
    static abstract V Divide(V a, V b);

    /// <summary>a · b + c, rounded once where the processor can.</summary>
    static abstract V MultiplyAdd(V a, V b, V c);

    /// <summary>The greater of each pair; where one is not a number, b.</summary>
    static abstract V Max(V a, V b);

    /// <summary>The smaller of each pair; where one is not a number, b.</summary>
    static abstract V Min(V a, V b);

    /// <summary>Nearest integers, as floats.</summary>
    static abstract V Round(V value);

    /// <summary>value · 2^whole for whole numbers from −252 to 254, in two steps: the power itself may be too large or too small for a float.</summary>
    static abstract V Scale(V value, V whole);

    /// <summary>Sum of the lanes, halves added to halves.</summary>
    static abstract float Sum(V value);

    /// <summary>Four sums, each bit for bit what <see cref="Sum"/> gives, written one behind the other.</summary>
    static abstract void Sum4(V a, V b, V c, V d, float* target);

    /// <summary>Greatest lane.</summary>
    static abstract float MaxOf(V value);
}
