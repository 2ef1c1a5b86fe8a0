using System.Text.Json;
using Flextron.Routing;
using Flextron.Storage;
using Flextron.Training;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>The whole method on what the repository carries: minutes on two cores, no download.</summary>
public static class QuickstartStudy
{
    /// <summary>Settings that take a few minutes on two cores.</summary>
    /// <param name="seed">Seed of everything random.</param>
    public static StudySettings Settings(long seed = 1)
    {
        StudySettings defaults = new();
        return defaults with
        {
            Corpus = defaults.Corpus with { MaximumTrainTokens = 1_000_000, HeldOutWindows = 40, Seed = seed + 1 },
            Rank = defaults.Rank with { RandomOrders = 2 },
            Training = defaults.Training with { Steps = 120, LearningRate = 1e-3, WarmupSteps = 10, EvaluateEvery = 0, Seed = seed },
            Profile = defaults.Profile with { Table = defaults.Profile.Table with { Seconds = 6 } },
            Route = new RouteSettings
            {
                Surrogate = new SurrogateRouterSettings { FirstRoundNetworks = 160, NetworksPerRound = 64, Rounds = 3 },
                Joint = new JointRouterSettings { Training = new JointTrainingSettings { Steps = 40, LearningRate = 2e-4, WarmupSteps = 5, EvaluateEvery = 0 } },
            }.WithSeed(seed),
            Curve = defaults.Curve with { Seconds = 6 },
        };
    }

    /// <summary>The same stages with next to no work, to see that they run: the numbers mean nothing.</summary>
    public static StudySettings Smoke(StudySettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return settings with
        {
            Question = "Do all stages run? (A smoke test: next to no training, the numbers mean nothing.)",
            Corpus = settings.Corpus with { MaximumTrainTokens = 100_000, HeldOutWindows = 8 },
            Rank = settings.Rank with { RandomOrders = 1, MaximumTokens = 4096 },
            Training = settings.Training with { Steps = 5, WarmupSteps = 2 },
            Profile = settings.Profile with { Table = settings.Profile.Table with { Seconds = 1, WarmUpSeconds = 0.1 }, HeldOutNetworks = 8 },
            Route = settings.Route with
            {
                LossWindows = 2,
                Surrogate = settings.Route.Surrogate with { Rounds = 1, FirstRoundNetworks = 32, NetworksPerRound = 16, RouterSteps = 60, WarmStartSteps = 60, Surrogate = new SurrogateSettings { MaximumEpochs = 200 } },
                Joint = settings.Route.Joint with { Training = settings.Route.Joint.Training with { Steps = 3, WarmupSteps = 1 } },
            },
            Curve = settings.Curve with { Targets = 6, Seconds = 1 },
            Benchmarks = settings.Benchmarks with { Limit = 40, Budgets = 2 },
        };
    }

    /// <summary>Makes the experiment's folder where it is not there yet.</summary>
    /// <param name="folder">Where; an existing one keeps its stages, so that a second start reuses what is finished.</param>
    /// <param name="settings">What <c>experiment.json</c> will say.</param>
    public static ExperimentFolder Prepare(string folder, StudySettings settings)
    {
        string file = Path.Combine(folder, "experiment.json"), json = JsonSerializer.Serialize(settings, FlextronJson.Indented) + "\n";
        if (!File.Exists(file)) AtomicFile.WriteAllText(file, json);
        else if (File.ReadAllText(file).ReplaceLineEndings("\n") != json) throw new FlextronException($"{folder} holds another experiment already: choose another --out, or delete it.");
        return ExperimentFolder.Open(folder);
    }
}
