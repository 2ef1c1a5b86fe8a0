using System.CommandLine;

namespace Flextron.Cli.Commands;

/// <summary><c>plan</c>: calculators over measured latency tables.</summary>
internal sealed class PlanCommand : Command
{
    public PlanCommand() : base("plan", "Calculates over measured latency tables: plan batch, plan offload.")
    {
        Subcommands.Add(new PlanBatchCommand());
        Subcommands.Add(new PlanOffloadCommand());
    }
}
