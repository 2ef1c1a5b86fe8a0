using System.Globalization;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Reruns;

/// <summary>What differs between two environments, as far as it may change numbers.</summary>
internal static class EnvironmentDifferences
{
    private const string OtherKernels = "other kernels may compute, which add in another order: sums differ in their last bits, and training makes the differences grow";

    public static IReadOnlyList<EnvironmentDifference> Of(EnvironmentInfo before, EnvironmentInfo now)
    {
        var found = new List<EnvironmentDifference>();
        void Add(string what, string? a, string? b, string effect)
        {
            if (!string.IsNullOrEmpty(a) && !string.IsNullOrEmpty(b) && a != b) found.Add(new EnvironmentDifference(what, a, b, effect));
        }

        Add("version of the program", before.Version, now.Version, "code may have changed what is computed");
        Add("commit of the repository", Commit(before.Commit), Commit(now.Commit), "code and embedded data may have changed");
        Add("libtorch", before.Libtorch, now.Libtorch, OtherKernels);
        Add("architecture", before.Architecture, now.Architecture, OtherKernels);
        Add("vector instructions", before.Instructions, now.Instructions, $"{OtherKernels}; where bfloat16 instructions are on one side only, models of hidden size 256 and more train in another precision");
        Add("processor", before.Processor, now.Processor, $"{OtherKernels}; latencies differ");
        Add("cores", before.Cores.ToString(CultureInfo.InvariantCulture), now.Cores.ToString(CultureInfo.InvariantCulture), "latencies differ; sums do not, since the number of threads is set as recorded");
        Add("operating system", before.OperatingSystem, now.OperatingSystem, "its mathematical functions may round otherwise in the last bit");
        Add(".NET", before.Runtime, now.Runtime, "its mathematical functions may round otherwise in the last bit");
        return found;
    }

    /// <summary>Data and models from outside that are not those that were read then.</summary>
    public static IEnumerable<EnvironmentDifference> OfInputs(IEnumerable<RunProvenance> before, IEnumerable<RunProvenance> now)
    {
        IReadOnlyDictionary<string, IReadOnlySet<string>> a = RecordedInputs.Of(before), b = RecordedInputs.Of(now);
        return a.Keys.Union(b.Keys).Where(n => !a.TryGetValue(n, out IReadOnlySet<string>? old) || !b.TryGetValue(n, out IReadOnlySet<string>? found) || !old.SetEquals(found))
            .Select(n => new EnvironmentDifference($"input: {n}", Hashes(a, n), Hashes(b, n), "other data or another model: numbers cannot be expected to agree"));
    }

    private static string Hashes(IReadOnlyDictionary<string, IReadOnlySet<string>> inputs, string name) =>
        inputs.TryGetValue(name, out IReadOnlySet<string>? hashes) ? string.Join(", ", hashes.Select(h => h[..Math.Min(12, h.Length)])) : "not read";

    private static string? Commit(GitCommit? commit) => commit is null ? null : commit.Dirty == true ? $"{commit.Id} with changes" : commit.Id;
}
