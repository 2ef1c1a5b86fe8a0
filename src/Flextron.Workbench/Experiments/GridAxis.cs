using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flextron.Workbench.Experiments;

/// <summary>A setting and the values that it takes one after the other.</summary>
/// <param name="Setting">Dotted path, such as <c>training.learningRate</c>.</param>
/// <param name="Values">The values.</param>
public sealed record GridAxis(string Setting, IReadOnlyList<JsonNode?> Values)
{
    /// <summary>The last part of the path.</summary>
    public string Name => Setting[(Setting.LastIndexOf('.') + 1)..];

    /// <summary>Whether its values are seeds, so that points which differ in them alone are repetitions.</summary>
    public bool IsSeed => Name.Equals("seed", StringComparison.OrdinalIgnoreCase);

    /// <summary>The values as numbers, or null where one is none.</summary>
    public IReadOnlyList<double>? Numbers => Values.All(v => v?.GetValueKind() == JsonValueKind.Number) ? [.. Values.Select(v => v!.GetValue<double>())] : null;
}
