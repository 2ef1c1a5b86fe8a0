using Flextron.Training.Passes;

namespace Flextron.CrossArchitecture;

/// <summary>
/// Transferred weights stay frozen until the fresh ones have learned what they can beside them: whenever the training loss stops improving by a threshold,
/// the next stage is released (XATL, Choi, arXiv 2404.02684). The rule is a function of the losses alone, so that equal runs release at equal steps.
/// </summary>
public sealed class FreezeSchedule : IWeightFreeze
{
    /// <summary>Stages in which everything is released, at most.</summary>
    public const int Stages = 3;

    private readonly IReadOnlySet<string> transferred;
    private readonly FreezeSettings settings;
    private readonly List<int> releases = [];
    private double sum, before = double.NaN;
    private int count, released;

    /// <summary>Everything transferred is frozen.</summary>
    /// <param name="transferred">Names of the transferred tensors.</param>
    /// <param name="settings">When they are released.</param>
    public FreezeSchedule(IReadOnlySet<string> transferred, FreezeSettings settings)
    {
        ArgumentNullException.ThrowIfNull(transferred);
        ArgumentNullException.ThrowIfNull(settings);
        (this.transferred, this.settings) = (transferred, settings.Validated());
        if (!settings.Enabled) released = Stages;
    }

    /// <summary>Stages that are free.</summary>
    public int Released => released;

    /// <summary>The steps, from 1, after which a stage was released.</summary>
    public IReadOnlyList<int> Releases => releases;

    /// <summary>State of a resumed run: free stages, sum and count of the window, mean of the window before, then the steps of the releases.</summary>
    public IReadOnlyList<double> State
    {
        get => [released, sum, count, before, .. releases.Select(s => (double)s)];
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (value.Count < 4) return;
            (released, sum, count, before) = ((int)value[0], value[1], (int)value[2], value[3]);
            releases.Clear();
            releases.AddRange(value.Skip(4).Select(s => (int)s));
        }
    }

    /// <inheritdoc/>
    public bool IsFrozen(string name) => IsFrozenWith(name, released);

    /// <summary>Whether a tensor is frozen while a number of stages are free.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="free">See <see cref="Released"/>.</param>
    public bool IsFrozenWith(string name, int free) => free < Stages && transferred.Contains(name) && StageOf(name) >= free;

    /// <summary>Stages that were free after a step that is done.</summary>
    /// <param name="step">From 1; 0 for the beginning.</param>
    public int ReleasedAfter(int step)
    {
        if (!settings.Enabled) return Stages;
        int times = releases.Count(r => r <= step);
        return settings.Progressive || times == 0 ? times : Stages;
    }

    /// <inheritdoc/>
    public bool Observe(int step, double loss)
    {
        if (released == Stages) return false;
        sum += loss;
        if (++count < settings.Window) return false;
        double mean = sum / count;
        (sum, count) = (0, 0);
        if (double.IsNaN(before) || (before - mean) / before >= settings.Threshold)
        {
            before = mean;
            return false;
        }
        // What is free now learns from here: its improvement is measured afresh.
        before = double.NaN;
        released = settings.Progressive ? released + 1 : Stages;
        releases.Add(step);
        return true;
    }

    /// <summary>The stage in which a tensor is released: 0 attention's, 1 the MLPs', 2 embedding, head and the norm before it.</summary>
    public static int StageOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!name.StartsWith("blocks.", StringComparison.Ordinal)) return 2;
        string part = name[(name.LastIndexOf('.') + 1)..];
        return part is "mlpNorm" or "mlpNormBias" or "gate" or "gateBias" or "up" or "upBias" or "down" or "downBias" ? 1 : 0;
    }
}
