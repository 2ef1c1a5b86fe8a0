using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Notebooks.Display;

/// <summary>A tensor: type, shape, place, range and mean, and the numbers of vectors and matrices.</summary>
internal static class TensorGrid
{
    /// <summary>The table; nothing of the tensor changes, and no gradient is recorded.</summary>
    public static TextGrid Of(Tensor tensor)
    {
        if (tensor.IsInvalid) return new TextGrid(["tensor"], [], "disposed");
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        string kind = $"{tensor.dtype} [{string.Join(", ", tensor.shape)}] on {tensor.device}{(tensor.requires_grad ? ", requires grad" : "")}";
        if (tensor.is_complex() || tensor.numel() == 0) return new TextGrid(["tensor"], [], kind);
        Tensor numbers = tensor.detach().to(ScalarType.Float64).cpu();
        string note = tensor.numel() == 1 ? kind : string.Create(CultureInfo.InvariantCulture,
            $"{kind}: min {NumberGrid.Text(numbers.min().item<double>())}, mean {NumberGrid.Text(numbers.mean().item<double>())}, max {NumberGrid.Text(numbers.max().item<double>())}");
        if (tensor.dim() > 2) return new TextGrid(["tensor"], [], note);
        Tensor matrix = numbers.reshape(tensor.dim() == 2 ? tensor.shape : [1, tensor.numel()]);
        return NumberGrid.Of((int)matrix.shape[0], (int)matrix.shape[1], (r, c) => matrix[r, c].item<double>(), note);
    }
}
