using System.CommandLine;
using Flextron.Inference.Kernels;

namespace Flextron.Cli.CommandLine;

/// <summary>How the decode engine shall hold the weights.</summary>
internal static class WeightsOption
{
    /// <summary>The usual option.</summary>
    public static Option<WeightFormat> Create()
    {
        var option = new Option<WeightFormat>("--weights") { Description = "How to hold the weights on the CPU: model (as loaded), float32, bfloat16, int8.", HelpName = "format", DefaultValueFactory = _ => WeightFormat.Model };
        option.AcceptOnlyFromAmong("model", "float32", "bfloat16", "int8");
        return option;
    }
}
