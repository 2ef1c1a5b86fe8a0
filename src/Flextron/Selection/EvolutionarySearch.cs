using Flextron.Data;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Selection;

/// <summary>
/// A control that measures instead of predicting: a steady-state genetic search over sub-networks within a budget. Children mix two parents
/// part by part, mutate, are narrowed at random until they fit and widened at random into the slack; the worst of the population makes room.
/// </summary>
/// <remarks>One instance serves many targets: what was measured for one is known to the others, and good networks of neighbouring targets start the next search.</remarks>
/// <param name="space">Legal widths; residual width and depth stay whole.</param>
/// <param name="cost">The cost.</param>
/// <param name="loss">Measures a network's loss, always on the same text.</param>
/// <param name="settings">Size.</param>
public sealed class EvolutionarySearch(ElasticSpace space, ICostTable cost, Func<SubNetwork, double> loss, EvolutionSettings? settings = null)
{
    private readonly EvolutionSettings settings = (settings ?? new EvolutionSettings()).Validated();
    private readonly ElasticSpace space = space.Blockwise;
    private readonly ChoiceSpace choices = new(space.Blockwise, new ElasticFrame(null, space.BlockCount), cost, null);
    private readonly Dictionary<SubNetwork, double> known = [];
    private readonly List<SubNetwork> winners = [];

    /// <summary>Distinct networks measured so far, over all targets.</summary>
    public int Measured => known.Count;

    /// <summary>Searches.</summary>
    /// <param name="target">Largest cost.</param>
    /// <exception cref="FlextronException">Even the smallest sub-network costs more.</exception>
    public EvolutionResult Run(double target)
    {
        int[] smallest = choices.Choices(space.Smallest);
        if (!(choices.Total(smallest) <= target))
            throw new FlextronException(FormattableString.Invariant($"A budget of {target:0.###} {cost.Unit} is below the smallest sub-network's {CostText.RoundedUp(choices.Total(smallest))} {cost.Unit}: give at least that."));
        Random random = Seeds.Stream(settings.Seed, "evolution", BitConverter.DoubleToInt64Bits(target));
        int evaluations = 0;
        var population = new List<(int[] Parts, double Loss)>();
        bool Add(int[] parts)
        {
            SubNetwork network = choices.Network(parts);
            if (!known.TryGetValue(network, out double measured))
            {
                known[network] = measured = loss(network);
                evaluations++;
            }
            if (population.Exists(p => p.Parts.AsSpan().SequenceEqual(parts))) return false;
            population.Add((parts, measured));
            return true;
        }

        foreach (SubNetwork start in Starts(random)) Add(Fitted(choices.Choices(start), target, random));
        // In a small space children repeat: draws are limited beside evaluations.
        for (int draws = 0; evaluations < settings.Evaluations && draws < 50 * settings.Evaluations; draws++)
        {
            if (population.Count > settings.Population) population.Remove(population.MaxBy(p => p.Loss));
            Add(Fitted(Child(Parent(population, random), Parent(population, random), random), target, random));
        }
        (int[] best, double least) = population.MinBy(p => p.Loss);
        SubNetwork winner = choices.Network(best);
        winners.Add(winner);
        return new EvolutionResult(winner, least, evaluations);
    }

    private IEnumerable<SubNetwork> Starts(Random random)
    {
        IEnumerable<SubNetwork> starts = winners.TakeLast(settings.Population / 4).Append(space.Largest);
        IEnumerable<SubNetwork> uniform = Enumerable.Range(1, settings.Population / 4).Select(_ => space.Uniform(random.NextDouble(), random.NextDouble()));
        IEnumerable<SubNetwork> all = starts.Concat(uniform).Take(settings.Population);
        return [.. all, .. Enumerable.Range(0, settings.Population - all.Count()).Select(_ => space.Random(random))];
    }

    // The better of two drawn at random.
    private static int[] Parent(List<(int[] Parts, double Loss)> population, Random random)
    {
        (int[] Parts, double Loss) a = population[random.Next(population.Count)], b = population[random.Next(population.Count)];
        return a.Loss <= b.Loss ? a.Parts : b.Parts;
    }

    private int[] Child(int[] a, int[] b, Random random) =>
        [.. a.Select((x, i) => random.NextDouble() < settings.MutationRate ? random.Next(choices.Costs[i].Length) : random.Next(2) == 0 ? x : b[i])];

    private int[] Fitted(int[] parts, double target, Random random)
    {
        int[] order = [.. Enumerable.Range(0, parts.Length)];
        while (choices.Total(parts) > target)
        {
            int i = random.Next(parts.Length);
            parts[i] = Math.Max(0, parts[i] - 1);
        }
        for (bool grew = true; grew;)
        {
            grew = false;
            random.Shuffle(order);
            foreach (int i in order)
            {
                if (parts[i] + 1 >= choices.Costs[i].Length) continue;
                parts[i]++;
                if (choices.Total(parts) <= target) grew = true;
                else parts[i]--;
            }
        }
        return parts;
    }
}
