using System.Text.Json.Nodes;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Tests.Reference;
using Flextron.Training;
using Flextron.Workbench.Comparisons;

namespace Flextron.Tests.Workbench.Comparisons;

public sealed class ArmPlannerTests
{
    private static readonly ModelConfig Config = RandomLlama.TinyConfig();
    private static readonly ElasticSpace Space = ElasticSpace.For(Config);

    private static JointComparisonSettings Settings(params (string Name, ArmSettings Arm)[] arms) => new()
    {
        Baseline = "base",
        Seeds = [5, 6],
        Training = new() { Steps = 30, WarmupSteps = 6, BatchSize = 2, SequenceLength = 16, EvaluateEvery = 0 },
        Arms = new[] { (Name: "base", Arm: new ArmSettings()) }.Concat(arms).ToDictionary(a => a.Name, a => a.Arm),
    };

    [Fact]
    public void AnArmChangesWhatItNamesAndTakesTheSeed()
    {
        JointComparisonSettings settings = Settings(("gentle", new ArmSettings { Training = new() { ["learningRate"] = 1e-4, ["strategy"] = "fullBiased" } }));
        Assert.Equal(settings.Training with { Seed = 6, LearningRate = 1e-4, Strategy = SamplingStrategy.FullBiased }, ArmPlanner.Training(settings, "gentle", 6));
        Assert.Equal(settings.Training with { Seed = 5 }, ArmPlanner.Training(settings, "base", 5));
    }

    [Fact]
    public void EveryArmIsPlannedWithEverySeedForEqualTokens()
    {
        IReadOnlyList<ArmPlan> plans = ArmPlanner.Plans(Settings(("one", One())).Resolved(), Space, Config);
        Assert.Equal([("base", 5L), ("base", 6L), ("one", 5L), ("one", 6L)], plans.Select(p => (p.Name, p.Seed)));
        Assert.All(plans, p => Assert.Equal(30 * 2 * 16, p.Tokens));
        Assert.True(plans[0].Flops > 2 * plans[2].Flops);
    }

    [Fact]
    public void EqualComputeStopsAtTheStepNearestToTheBaselines()
    {
        IReadOnlyList<ArmPlan> plans = ArmPlanner.Plans(Settings(("one", One() with { EqualCompute = true })).Resolved(), Space, Config);
        var flops = new TrainingFlops(Config, 16);
        foreach ((ArmPlan baseline, ArmPlan one) in plans.Take(2).Zip(plans.Skip(2)))
        {
            Assert.InRange(one.Training.Steps, 31, 300);
            Assert.Equal(Math.Round(6.0 * one.Training.Steps / 30), one.Training.WarmupSteps);
            ISubNetworkSource source = ArmPlan.Source(one.Training, one.Settings, Space);
            double Sum(int steps) => Enumerable.Range(0, steps).Sum(s => flops.Step(source.At(s), 2, teacher: true));
            Assert.Equal(Sum(one.Training.Steps), one.Flops, 1.0);
            foreach (int other in new[] { -1, 1 })
                Assert.True(Math.Abs(one.Flops - baseline.Flops) <= Math.Abs(Sum(one.Training.Steps + other) - baseline.Flops));
        }
    }

    [Fact]
    public void AnArmOfOneNetworkTrainsNothingElse()
    {
        ISubNetworkSource source = ArmPlan.Source(new(), new ArmSettings { Only = 0.5 }, Space);
        Assert.All(Enumerable.Range(0, 20), step => Assert.Equal([Space.Uniform(0.5)], source.At(step)));
    }

    [Fact]
    public void AShareOfTheStepsTrainsTheWholeNetworkAlone()
    {
        JointTrainingSettings training = new() { Strategy = SamplingStrategy.Random, NetworksPerStep = 2, Seed = 3 };
        ISubNetworkSource plain = ArmPlan.Source(training, new ArmSettings(), Space), mixed = ArmPlan.Source(training, new ArmSettings { WholeShare = 0.25 }, Space);
        int[] whole = [.. Enumerable.Range(0, 2000).Where(step => mixed.At(step) is [var only] && only.Equals(Space.Largest))];
        // Four standard deviations of a binomial count.
        Assert.InRange(whole.Length, 500 - 78, 500 + 78);
        Assert.All(Enumerable.Range(0, 50).Except(whole), step => Assert.Equal(plain.At(step), mixed.At(step)));
    }

    [Fact]
    public void StandardArmsAndQuestionsFillEmptySettings()
    {
        JointComparisonSettings resolved = new JointComparisonSettings().Resolved();
        Assert.Equal(StandardArms.Arms.Keys, resolved.Arms.Keys);
        Assert.Equal(StandardArms.Comparisons, resolved.Comparisons);
        Assert.Equal(resolved.Arms.Keys.Order(), resolved.Comparisons.SelectMany(c => c.Arms).Distinct().Order());
    }

    [Fact]
    public void ArmsWithoutQuestionsAreComparedWithTheBaseline()
    {
        ArmComparison all = Assert.Single(Settings(("one", One()), ("two", new ArmSettings())).Resolved().Comparisons);
        Assert.Equal(["base", "one", "two"], all.Arms);
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { """{ "learningRat": 1 }""", "arms.arm.training has an unknown setting \"learningRat\": did you mean \"learningRate\"?" },
        { """{ "steps": -1 }""", "arms.arm: Training settings: steps is -1" },
        { """{ "strategy": "sandwhich" }""", "\"strategy\" must be one of" },
        { """{ "seed": 3 }""", "every arm is trained with each of the experiment's seeds" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void RefusesWhatAnArmCannotChange(string training, string message) =>
        Assert.Contains(message, Refusal(Settings(("arm", new ArmSettings { Training = (JsonObject)JsonNode.Parse(training)! }))), StringComparison.Ordinal);

    [Fact]
    public void RefusesContradictions()
    {
        Assert.Contains("names the arm \"bass\", which there is not; did you mean \"base\"?", Refusal(Settings() with { Baseline = "bass" }), StringComparison.Ordinal);
        Assert.Contains("the comparison \"c\" names the arm \"x\"", Refusal(Settings() with { Comparisons = [new("c", "?", ["base", "x"])] }), StringComparison.Ordinal);
        Assert.Contains("each once", Refusal(Settings() with { Seeds = [1, 1] }), StringComparison.Ordinal);
        Assert.Contains("cannot itself have equalCompute", Refusal(Settings() with { Arms = new Dictionary<string, ArmSettings> { ["base"] = new() { Only = 0.5 } } }), StringComparison.Ordinal);
        Assert.Contains("\"a b\" cannot name an arm", Refusal(Settings(("a b", new ArmSettings()))), StringComparison.Ordinal);
        Assert.Contains("arms.arm.wholeShare is -1", Refusal(Settings(("arm", new ArmSettings { WholeShare = -1 }))), StringComparison.Ordinal);
        Assert.Contains("arms.arm.only is 1.5", Refusal(Settings(("arm", new ArmSettings { Only = 1.5 }))), StringComparison.Ordinal);
    }

    private static string Refusal(JointComparisonSettings settings) => Assert.Throws<FlextronException>(() => settings.Resolved()).Message;

    private static ArmSettings One() => new() { Training = new() { ["strategy"] = "random", ["networksPerStep"] = 1 } };
}
