using System.Text.Json.Nodes;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Training;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Comparisons;

/// <summary>Turns arms and seeds into plans: resolved settings, and steps where arms are matched by compute.</summary>
internal static class ArmPlanner
{
    // An arm whose steps cost so much less than the baseline's is a mistake rather than a comparison.
    private const int MostTimesSteps = 200;

    /// <summary>The experiment's training settings with an arm's changes and a seed.</summary>
    /// <exception cref="FlextronException">The arm names a setting that there is not, or a value outside its range.</exception>
    public static JointTrainingSettings Training(JointComparisonSettings settings, string arm, long seed)
    {
        JsonNode json = ExperimentSettings.ToJson(settings.Training);
        Overlay((JsonObject)json, settings.Arms[arm].Training);
        JointTrainingSettings training = ExperimentSettings.FromJson<JointTrainingSettings>(json, $"arms.{arm}.training") with { Seed = seed };
        try
        {
            return training.Validated();
        }
        catch (FlextronException e)
        {
            throw new FlextronException($"arms.{arm}: {e.Message}", e);
        }
    }

    /// <summary>All arms with all seeds, arm by arm.</summary>
    public static IReadOnlyList<ArmPlan> Plans(JointComparisonSettings settings, ElasticSpace space, ModelConfig config) =>
        [.. settings.Arms.Keys.SelectMany(arm => settings.Seeds.Select(seed => Plan(settings, arm, seed, space, config)))];

    private static ArmPlan Plan(JointComparisonSettings settings, string name, long seed, ElasticSpace space, ModelConfig config)
    {
        ArmSettings arm = settings.Arms[name];
        JointTrainingSettings training = Training(settings, name, seed);
        if (arm.EqualCompute)
        {
            double target = Flops(Training(settings, settings.Baseline, seed), settings.Arms[settings.Baseline], space, config).Last();
            int steps = Reaching(target, Flops(training with { Steps = settings.Training.Steps * MostTimesSteps }, arm, space, config), name);
            training = training with { Steps = steps, WarmupSteps = (int)Math.Round((double)training.WarmupSteps * steps / Math.Max(1, training.Steps)) };
        }
        long tokens = (long)training.Steps * training.BatchesPerStep * training.BatchSize * Length(training, config);
        return new ArmPlan(name, training, arm, tokens, Flops(training, arm, space, config).LastOrDefault());
    }

    /// <summary>Operations up to and including each step.</summary>
    private static IEnumerable<double> Flops(JointTrainingSettings training, ArmSettings arm, ElasticSpace space, ModelConfig config)
    {
        var flops = new TrainingFlops(config, Length(training, config));
        ISubNetworkSource source = ArmPlan.Source(training, arm, space);
        double sum = 0;
        for (int step = 0; step < training.Steps; step++)
            yield return sum += flops.Step(source.At(step), training.BatchesPerStep * training.BatchSize, teacher: training.DistillationWeight > 0);
    }

    /// <summary>The number of steps whose operations come nearest to the target.</summary>
    private static int Reaching(double target, IEnumerable<double> cumulative, string arm)
    {
        (int steps, double before) = (0, 0);
        foreach (double sum in cumulative)
        {
            if (sum >= target) return target - before < sum - target ? Math.Max(1, steps) : steps + 1;
            (steps, before) = (steps + 1, sum);
        }
        throw new FlextronException($"arms.{arm}: its steps cost less than 1/{MostTimesSteps} of the baseline's, so equal compute would take too many of them: give it a larger batch.");
    }

    private static int Length(JointTrainingSettings training, ModelConfig config) => Math.Min(training.SequenceLength, config.ContextLength);

    private static void Overlay(JsonObject settings, JsonObject changes)
    {
        foreach ((string key, JsonNode? value) in changes)
        {
            if (value is JsonObject part && settings[key] is JsonObject group) Overlay(group, part);
            else settings[key] = value?.DeepClone();
        }
    }
}
