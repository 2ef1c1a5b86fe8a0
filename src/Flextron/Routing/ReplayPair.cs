using Flextron.Models;

namespace Flextron.Routing;

/// <summary>A router output, the network it selects, and that network's measured loss.</summary>
/// <param name="Network">The largest entry of every layer of <paramref name="Choices_R"/>.</param>
/// <param name="Choices_R">One-hot, or soft probabilities; laid out as <see cref="ChoiceVector"/> says.</param>
/// <param name="Loss">Measured LM loss of the network.</param>
public sealed record ReplayPair(SubNetwork Network, IReadOnlyList<float> Choices_R, double Loss);
