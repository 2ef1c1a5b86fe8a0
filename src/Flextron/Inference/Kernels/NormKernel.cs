using System.Runtime.CompilerServices;
using Flextron.Kernels;

namespace Flextron.Inference.Kernels;

/// <summary>Norms of one vector; the result may take its place.</summary>
internal static unsafe class NormKernel<T, V> where T : ISimd<V> where V : struct
{
    /// <inheritdoc cref="IKernels.RmsNorm"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RootMeanSquare(float* x, float* weight, int count, float epsilon, float* y)
    {
        int whole = count - count % T.Count;
        V squares = default;
        for (int i = 0; i < whole; i += T.Count) squares = T.MultiplyAdd(T.Load(x + i), T.Load(x + i), squares);
        float sum = T.Sum(squares);
        for (int i = whole; i < count; i++) sum += x[i] * x[i];
        float factor = 1 / MathF.Sqrt(sum / count + epsilon);
        V factors = T.Broadcast(factor);
        for (int i = 0; i < whole; i += T.Count) T.Store(T.Multiply(T.Multiply(T.Load(x + i), factors), T.Load(weight + i)), y + i);
        for (int i = whole; i < count; i++) y[i] = x[i] * factor * weight[i];
    }

    /// <inheritdoc cref="IKernels.LayerNorm"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Layer(float* x, float* weight, float* bias, int count, float epsilon, float* y)
    {
        int whole = count - count % T.Count;
        V sums = default;
        for (int i = 0; i < whole; i += T.Count) sums = T.Add(T.Load(x + i), sums);
        float sum = T.Sum(sums);
        for (int i = whole; i < count; i++) sum += x[i];
        // The variance is that of the differences: the mean of squares less the mean's square would lose it where the mean is large.
        float mean = sum / count;
        V means = T.Broadcast(mean), squares = default;
        for (int i = 0; i < whole; i += T.Count)
        {
            V difference = T.Subtract(T.Load(x + i), means);
            squares = T.MultiplyAdd(difference, difference, squares);
        }
        float square = T.Sum(squares);
        for (int i = whole; i < count; i++) square += (x[i] - mean) * (x[i] - mean);
        float factor = 1 / MathF.Sqrt(square / count + epsilon);
        V factors = T.Broadcast(factor);
        for (int i = 0; i < whole; i += T.Count)
            T.Store(T.MultiplyAdd(T.Multiply(T.Subtract(T.Load(x + i), means), factors), T.Load(weight + i), T.Load(bias + i)), y + i);
        for (int i = whole; i < count; i++) y[i] = (x[i] - mean) * factor * weight[i] + bias[i];
    }
}
