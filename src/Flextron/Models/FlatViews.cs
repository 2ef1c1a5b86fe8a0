using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>Hands out views of one flat tensor, end to end in the order in which they are asked for, and owns both.</summary>
internal sealed class FlatViews(Tensor flat) : IDisposable
{
    private readonly List<Tensor> views = [];

    /// <summary>The tensor behind the views.</summary>
    public Tensor Flat => flat;

    /// <summary>Where the next view begins, in elements.</summary>
    public long Position { get; private set; }

    /// <summary>The next elements as a tensor of a shape.</summary>
    public Tensor Next(params long[] shape)
    {
        long size = shape.Aggregate(1L, (a, b) => a * b);
        using Tensor part = flat.narrow(0, Position, size);
        Tensor view = part.view(shape).DetachFromDisposeScope();
        views.Add(view);
        Position += size;
        return view;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor view in views) view.Dispose();
        flat.Dispose();
    }
}
