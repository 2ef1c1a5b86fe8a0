using Flextron.Models;
using Flextron.Routing;

namespace Flextron.Tests.Routing;

public sealed class SurrogateTests
{
    private static readonly SeparableFamily Family = new(seed: 2, blocks: 5, groups: 4, neurons: 8);

    [Fact]
    public void ASeparableLossIsRecoveredOnNewNetworks()
    {
        ReplayBuffer replay = Random(300, seed: 3);
        using var surrogate = new Surrogate(ChoiceVector.Length(Family.Space));
        surrogate.Fit(replay.Train, replay.HeldOut);

        ReplayPair[] fresh = [.. Random(200, seed: 4).Pairs.Where(p => !replay.Losses.ContainsKey(p.Network))];
        SurrogateFit fit = surrogate.Judge(fresh);
        Assert.True(fit.Count > 150);
        Assert.True(fit.Spearman > 0.97, $"Spearman {fit.Spearman}");
        Assert.True(fit.RelativeError < 0.02, $"relative error {fit.RelativeError}");
    }

    [Fact]
    public void ItsSlopesAreThoseOfTheLoss()
    {
        ReplayBuffer replay = Random(300, seed: 3);
        using var surrogate = new Surrogate(ChoiceVector.Length(Family.Space));
        surrogate.Fit(replay.Train, replay.HeldOut);
        var random = new Random(9);
        List<double> predicted = [], real = [];
        for (int i = 0; i < 20; i++)
        {
            int[] from = ChoiceVector.Indices(Family.Space, Family.Space.Random(random)), to = [.. from];
            int layer = random.Next(10);
            to[layer] = (to[layer] + 1) % (layer < 5 ? 4 : 8);
            SubNetwork a = ChoiceVector.Network(Family.Space, from), b = ChoiceVector.Network(Family.Space, to);
            double[] s = surrogate.Predict([ChoiceVector.OneHot(Family.Space, a), ChoiceVector.OneHot(Family.Space, b)]);
            predicted.Add(s[1] - s[0]);
            real.Add(Family.Loss(b) - Family.Loss(a));
        }
        SurrogateFit fit = SurrogateFit.Of(predicted, real);
        Assert.True(fit.Pearson > 0.95, $"Pearson {fit.Pearson}");
        Assert.True(fit.RSquared > 0.9, $"R² {fit.RSquared}");
    }

    [Fact]
    public void FitFiguresAreThoseOfTheirDefinitions()
    {
        SurrogateFit fit = SurrogateFit.Of([1.1, 2, 3.3], [1, 2, 3]);
        Assert.Equal(3, fit.Count);
        Assert.Equal((0.1 + 0 + 0.1) / 3, fit.RelativeError, 12);
        Assert.Equal(1, fit.Spearman, 12);
        Assert.Equal(1 - (0.01 + 0.09) / 2, fit.RSquared, 12);
        Assert.Equal(0.5, SurrogateFit.Of([1, 3, 2], [1, 2, 3]).Spearman, 12);
    }

    [Fact]
    public void NoNetworkIsOnBothSidesAndEachIsMeasuredOnce()
    {
        var family = new SeparableFamily(seed: 6, blocks: 2, groups: 2, neurons: 3);
        var replay = new ReplayBuffer(family.Space, family.Measure, heldOutShare: 0.3, seed: 1);
        var random = new Random(1);
        float[] even = [.. ChoiceVector.Layers(family.Space).SelectMany(k => Enumerable.Repeat(1f / k, k))];
        for (int i = 0; i < 300; i++) replay.Add(RouterNoise.GumbelSoftmax(family.Space, even, 0, 0.5, random));
        HashSet<SubNetwork> train = [.. replay.Train.Select(p => p.Network)], heldOut = [.. replay.HeldOut.Select(p => p.Network)];
        HashSet<SubNetwork> validation = [.. replay.Validation.Select(p => p.Network)];
        Assert.Empty(train.Intersect(heldOut).Concat(train.Intersect(validation)).Concat(validation.Intersect(heldOut)));
        Assert.True(train.Count > 10 && heldOut.Count > 2 && validation.Count > 2);
        Assert.Equal(train.Count + heldOut.Count + validation.Count, family.Measured);
        Assert.Equal(replay.Pairs.Count, replay.Train.Count + replay.HeldOut.Count + replay.Validation.Count);
        Assert.All(replay.Pairs, p => Assert.Equal((ChoiceVector.Selected(family.Space, p.Choices_R.ToArray()), family.Loss(p.Network)), (p.Network, p.Loss)));
        Assert.Contains(replay.Pairs, p => p.Choices_R.Any(x => x is > 0.01f and < 0.99f));
    }

    [Fact]
    public void ALossThatIsNoNumberIsRefused() =>
        Assert.Contains("NaN", Assert.Throws<FlextronException>(() => new ReplayBuffer(Family.Space, _ => double.NaN, 0.2, 1).Add(Family.Space.Largest)).Message, StringComparison.Ordinal);

    private static ReplayBuffer Random(int count, int seed)
    {
        var replay = new ReplayBuffer(Family.Space, Family.Loss, 0.2, seed: 1);
        var random = new Random(seed);
        while (replay.Losses.Count < count) replay.Add(Family.Space.Random(random));
        return replay;
    }
}
