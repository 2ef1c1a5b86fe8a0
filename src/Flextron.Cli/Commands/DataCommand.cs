using System.CommandLine;

namespace Flextron.Cli.Commands;

/// <summary><c>data</c>: the verbs of the cache of benchmark datasets.</summary>
internal sealed class DataCommand : Command
{
    public DataCommand() : base("data", "Fetches, registers and lists benchmark datasets: data get, data add, data list.")
    {
        Subcommands.Add(new DataGetCommand());
        Subcommands.Add(new DataAddCommand());
        Subcommands.Add(new DataListCommand());
    }
}
