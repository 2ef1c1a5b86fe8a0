using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Kinds;

namespace Flextron.Cli.Commands;

/// <summary><c>list</c>: experiments and their runs.</summary>
internal sealed class ListCommand : VerbCommand
{
    private readonly Argument<string> folder = new("folder") { Description = "An experiment, or a folder of experiments.", DefaultValueFactory = _ => "experiments" };

    public ListCommand() : base("list", "Lists experiments and their runs, and the kinds of experiments.", "The kind of an experiment is what \"kind\" says in its experiment.json.", "list", "list experiments/story656k --json") => Arguments.Add(folder);

    public override bool NeedsTorch => false;

    public override VerbResult Execute(CommandContext context)
    {
        string path = context.Get(folder);
        if (!Directory.Exists(path)) throw new FlextronException($"There is no folder {path}: name an experiment or a folder of experiments.");
        string[] found = File.Exists(Path.Combine(path, "experiment.json")) ? [path] : [.. Directory.EnumerateDirectories(path).Where(d => File.Exists(Path.Combine(d, "experiment.json"))).Order(StringComparer.Ordinal)];
        var json = new
        {
            experiments = found.Select(ExperimentFolder.Open).Select(e => new
            {
                name = e.Name, kind = ExperimentKinds.NameOf(e), path = e.Path,
                runs = e.List().Select(r => new { name = r.Name, path = r.Folder, state = r.Status.State, started = r.Status.StartedUtc, ended = r.Status.EndedUtc }).ToArray(),
            }).ToArray(),
            kinds = ExperimentKinds.All.Select(k => new { name = k.Name, purpose = k.Purpose }).ToArray(),
        };
        return new VerbResult(json, writer =>
        {
            TextTable.Write(writer, ["experiment", "kind", "run", "state", "started (UTC)"],
                json.experiments.SelectMany(e => e.runs.Length == 0 ? [[e.name, e.kind, "-", "never run", ""]] : e.runs.Select(r => new[]
                {
                    e.name, e.kind, r.name, r.state.ToString().ToLowerInvariant(), r.started.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
                })));
            writer.WriteLine();
            foreach (var kind in json.kinds) writer.WriteLine($"kind \"{kind.name}\": {kind.purpose}");
        });
    }
}
