using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Flextron.Models;
using Flextron.Storage;

namespace Flextron.Selection;

/// <summary>
/// The JSON form of per-block choices: <c>{"blocks":[{"kvGroups":4,"neurons":384}, …]}</c>. Zeros skip a part; <c>"width":256</c> beside the
/// blocks keeps so many channels of the residual stream.
/// </summary>
/// <param name="Blocks">First to last.</param>
public sealed record BudgetFile(ImmutableArray<BlockShape> Blocks)
{
    /// <summary>Kept channels of the residual stream; null for all.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Width { get; init; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="FlextronException">Missing, unreadable, or without blocks.</exception>
    public static SubNetwork Load(string path)
    {
        BudgetFile file = FlextronJson.ReadFile<BudgetFile>(path, "budget file");
        if (file.Blocks.IsDefaultOrEmpty)
            throw new FlextronException($"{path} has no blocks: write {{\"blocks\":[{{\"kvGroups\":4,\"neurons\":384}}]}} with one entry per block.");
        return new SubNetwork(file.Blocks, file.Width);
    }

    /// <summary>Writes the choices of a sub-network in the form that <see cref="Load"/> reads.</summary>
    public static void Save(string path, SubNetwork subNetwork)
    {
        ArgumentNullException.ThrowIfNull(subNetwork);
        FlextronJson.WriteFile(path, new BudgetFile(subNetwork.Blocks) { Width = subNetwork.Width });
    }
}
