using System.Text.Json.Serialization;
using Flextron.Models;

namespace Flextron.Checkpoints;

/// <summary>The <c>config.json</c> of a <see cref="FlextronCheckpoint"/>.</summary>
/// <param name="ModelType">What other tools look at first, and refuse.</param>
/// <param name="Architectures">As in ordinary configurations.</param>
/// <param name="Format">Of this file.</param>
/// <param name="Model">The shape.</param>
internal sealed record FlextronCheckpointConfig(
    [property: JsonPropertyName("model_type")] string ModelType, IReadOnlyList<string> Architectures, int Format, ModelConfig? Model)
{
    /// <summary>The format that is written.</summary>
    public const int CurrentFormat = 1;
}
