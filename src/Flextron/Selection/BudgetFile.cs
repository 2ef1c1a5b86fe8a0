using System.Collections.Immutable;
using Flextron.Models;
using Flextron.Storage;

namespace Flextron.Selection;

/// <summary>The JSON form of per-block choices: <c>{"blocks":[{"kvGroups":4,"neurons":384}, …]}</c>.</summary>
/// <param name="Blocks">First to last.</param>
public sealed record BudgetFile(ImmutableArray<BlockShape> Blocks)
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="FlextronException">Missing, unreadable, or without blocks.</exception>
    public static SubNetwork Load(string path)
    {
        BudgetFile file = FlextronJson.ReadFile<BudgetFile>(path, "budget file");
        if (file.Blocks.IsDefaultOrEmpty)
            throw new FlextronException($"{path} has no blocks: write {{\"blocks\":[{{\"kvGroups\":4,\"neurons\":384}}]}} with one entry per block.");
        return new SubNetwork(file.Blocks);
    }

    /// <summary>Writes the choices of a sub-network in the form that <see cref="Load"/> reads.</summary>
    public static void Save(string path, SubNetwork subNetwork)
    {
        ArgumentNullException.ThrowIfNull(subNetwork);
        FlextronJson.WriteFile(path, new BudgetFile(subNetwork.Blocks));
    }
}
