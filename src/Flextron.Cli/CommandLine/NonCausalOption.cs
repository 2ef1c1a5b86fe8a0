using System.CommandLine;
using Flextron.MixtureOfDepths;

namespace Flextron.Cli.CommandLine;

/// <summary><c>--non-causal-top-k</c>: how a Mixture-of-Depths model's tokens are chosen where nothing is generated.</summary>
internal static class NonCausalOption
{
    /// <summary>Creates the option.</summary>
    public static Option<bool> Create() => new("--non-causal-top-k")
    {
        Description = "Of a Mixture-of-Depths model, choose tokens by the top k of each text as training does, which looks ahead, instead of by the causal sampler as generation does.",
    };

    /// <summary>What chooses.</summary>
    /// <exception cref="FlextronException">The top k are asked for of a model that has no routers.</exception>
    public static ITokenSelector? Selector(LoadedModel loaded, bool nonCausal) => loaded.Mixture is { } mixture
        ? nonCausal ? TopTokens.ByRouter(mixture.Settings) : new CausalTokens()
        : nonCausal ? throw new FlextronException("--non-causal-top-k is about Mixture-of-Depths models, and this model has no routers that choose tokens: leave it out.") : null;

    /// <summary>What a result says about it; null where nothing is routed.</summary>
    public static object? Described(LoadedModel loaded, bool nonCausal) => loaded.Mixture is not { } mixture ? null : new
    {
        selection = nonCausal ? "top k of each text (not causal)" : "causal sampler", sampler = nonCausal ? (CausalSampler?)null : mixture.Settings.Sampler,
        capacity = mixture.Settings.Capacity, routedBlocks = mixture.RoutedBlocks,
    };
}
