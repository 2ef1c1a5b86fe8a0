using Flextron.Data;
using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Cli.CommandLine;

/// <summary>Compares what two models compute on the same ids, drawn evenly from the vocabulary.</summary>
internal static class LogitDifference
{
    /// <summary>The most that rounding may explain in float32.</summary>
    public const double Tolerance = 1e-4;

    /// <summary>Largest absolute difference of logits over two sequences of up to 128 ids.</summary>
    /// <param name="a">One model.</param>
    /// <param name="ofA">Its slice.</param>
    /// <param name="b">Another with the same vocabulary.</param>
    public static double Between(DecoderModel a, SubNetwork ofA, DecoderModel b)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Random random = Seeds.Stream(0, "probe");
        int length = Math.Min(128, a.Config.ContextLength);
        long[] ids = [.. Enumerable.Range(0, 2 * length).Select(_ => (long)random.Next(a.Config.VocabularySize))];
        Tensor ids_BT = tensor(ids, [2, length]);
        Tensor logitsA = a.Forward(ids_BT.to(a.Device), ofA).to(ScalarType.Float32).cpu();
        Tensor logitsB = b.Forward(ids_BT.to(b.Device)).to(ScalarType.Float32).cpu();
        return (logitsA - logitsB).abs().max().item<float>();
    }

    /// <summary>Refuses a difference that rounding cannot explain.</summary>
    public static void Require(double difference, string what)
    {
        // Written so that NaN is refused too.
        if (!(difference <= Tolerance))
            throw new FlextronException(FormattableString.Invariant($"{what} computes logits that differ by {difference:g3}, more than {Tolerance:g1}: nothing was written; check the model's weights."));
    }
}
