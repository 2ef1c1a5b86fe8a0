namespace Flextron.Workbench.Studies;

/// <summary>What making a model elastic was checked for, on calibration text.</summary>
/// <param name="PermutedLogitDifference">Largest absolute logit difference between the original and the reordered whole network.</param>
/// <param name="SliceMaskDifference">Largest absolute logit difference between slices and their masked forms, over the networks tried.</param>
/// <param name="SliceNetworks">Networks tried.</param>
public sealed record FamilyChecks(double PermutedLogitDifference, double SliceMaskDifference, int SliceNetworks);
