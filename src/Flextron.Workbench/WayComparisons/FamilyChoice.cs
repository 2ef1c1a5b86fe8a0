using Flextron.Models;
using Flextron.Training;

namespace Flextron.Workbench.WayComparisons;

/// <summary>A sub-network of the trained family.</summary>
/// <param name="Label">What it was chosen for.</param>
/// <param name="Selected">Whether it was chosen for a latency target; otherwise it is a uniform one, of the shape of a model alone.</param>
/// <param name="Network">Which slice.</param>
/// <param name="TableMs">Its latency by the table.</param>
/// <param name="Parameters">Its parameters.</param>
/// <param name="Loss">Held-out loss.</param>
internal sealed record FamilyChoice(string Label, bool Selected, SubNetwork Network, double TableMs, long Parameters, LossEstimate Loss);
