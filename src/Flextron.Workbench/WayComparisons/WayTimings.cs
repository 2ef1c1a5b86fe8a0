using Flextron.Latency;

namespace Flextron.Workbench.WayComparisons;

/// <summary>Everything timed end to end, each workload in one interleaved session.</summary>
/// <param name="PromptWorkload">Prompts.</param>
/// <param name="DecodeWorkload">Generated tokens; null where not compared.</param>
/// <param name="Networks">By key.</param>
internal sealed record WayTimings(LatencyWorkload PromptWorkload, LatencyWorkload? DecodeWorkload, IReadOnlyDictionary<string, WayTiming> Networks)
{
    /// <summary>Of an arm: latency hangs on the weights only where routers decide, so that one seed, with all the tokens, stands for all otherwise.</summary>
    public static string Key(string arm, WayArm what, long seed, WayView view = WayView.Each) => HangsOnWeights(what)
        ? FormattableString.Invariant($"{arm} seed {seed}{view switch { WayView.Together => ", tokens shared", WayView.Operations => ", operations shared", _ => "" }}") : arm;

    /// <summary>Whether a network's latency depends on its weights.</summary>
    public static bool HangsOnWeights(WayArm arm) => arm.Way == Way.MixtureOfDepths;

    /// <summary>Of a sub-network of the family.</summary>
    public static string Key(FamilyChoice choice) => choice.Network.ToString();
}

/// <summary>A network's latencies.</summary>
/// <param name="PromptMs">Reading all prompts.</param>
/// <param name="TokenMs">A generated token; null where not compared.</param>
internal sealed record WayTiming(Quartiles PromptMs, Quartiles? TokenMs);
