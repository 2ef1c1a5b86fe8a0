using Flextron.Models;

namespace Flextron.Selection;

/// <summary>What an evolutionary search found for a target.</summary>
/// <param name="Network">The network with the least measured loss that fits.</param>
/// <param name="Loss">Its loss.</param>
/// <param name="Evaluations">Losses measured for this target.</param>
public sealed record EvolutionResult(SubNetwork Network, double Loss, int Evaluations);
