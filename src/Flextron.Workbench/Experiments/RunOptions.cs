using Flextron.Workbench.Display;

namespace Flextron.Workbench.Experiments;

/// <summary>How a run is carried out; none of it changes results, but for the last bits that threads change.</summary>
public sealed record RunOptions
{
    /// <summary>Name of the run's folder; time and settings hash by default.</summary>
    public string? Name { get; init; }

    /// <summary>The overrides that the settings were read with, for the record.</summary>
    public IReadOnlyList<string> Overrides { get; init; } = [];

    /// <summary>Shows progress; nothing by default.</summary>
    public IProgressDisplay Display { get; init; } = ProgressDisplay.Quiet;

    /// <summary>Asks the run to stop; see <see cref="Interruption"/>.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>The command that goes on after an interruption, shown then: the one that was given.</summary>
    public string? ContinueCommand { get; init; }

    /// <summary>Folder that the run's folder is made in; the experiment's own <c>runs</c> by default.</summary>
    public string? RunsPath { get; init; }

    /// <summary>Folder that finished stages are kept in; the experiment's own by default.</summary>
    public string? StorePath { get; init; }

    /// <summary>Threads that libtorch computes a stage with, by its name; as they are set by default. Sums depend on them in their last bits.</summary>
    public Func<string, int>? ThreadsOf { get; init; }

    /// <summary>Threads that libtorch measures time with where <see cref="ThreadsOf"/> does not say; as they are set by default.</summary>
    public int MeasuringThreads { get; init; }

    /// <summary>Independent stages computed side by side, at most; null for as many as threads and memory allow.</summary>
    public int? Parallel { get; init; }

    /// <summary>
    /// What data and models from outside may hash to, by name; what is not listed may be anything. Several hashes are allowed where points of a grid read several.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlySet<string>> ExpectedInputs { get; init; } = new Dictionary<string, IReadOnlySet<string>>();

    /// <summary>Name of the stage after which the run stops: to measure at another time, or on a quieter machine, than everything else. All stages where null.</summary>
    public string? Until { get; init; }

    /// <summary>The time.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Refuses inputs that are not <see cref="ExpectedInputs"/>.</summary>
    /// <exception cref="FlextronException">Some are not; all of them are named.</exception>
    internal void RequireExpected(IEnumerable<StageInput> inputs)
    {
        string[] changed = [.. inputs.Where(i => ExpectedInputs.TryGetValue(i.Name, out IReadOnlySet<string>? hashes) && !hashes.Contains(i.Hash))
            .Select(i => $"the {i.Name} at {i.Path} (its hash begins with {Start(i.Hash)}, not with {string.Join(" or ", ExpectedInputs[i.Name].Select(Start))})").Distinct()];
        if (changed.Length > 0)
            throw new FlextronException($"Not what was recorded: {string.Join("; ", changed)}. Put what was recorded there, or add --changed-inputs to go on with what is there.");
    }

    private static string Start(string hash) => hash[..Math.Min(12, hash.Length)];
}
