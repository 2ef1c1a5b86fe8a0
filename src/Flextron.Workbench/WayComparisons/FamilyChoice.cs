using Flextron.Models;
using Flextron.Training;

namespace Flextron.Workbench.WayComparisons;

/// <summary>A sub-network of the trained family.</summary>
/// <param name="Label">What it was chosen for.</param>
/// <param name="Way">How it was chosen.</param>
/// <param name="Network">Which slice.</param>
/// <param name="TableMs">Its latency by the table.</param>
/// <param name="Parameters">Its parameters.</param>
/// <param name="Loss">Held-out loss.</param>
internal sealed record FamilyChoice(string Label, FamilyWay Way, SubNetwork Network, double TableMs, long Parameters, LossEstimate Loss);
