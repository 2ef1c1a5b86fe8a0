using static TorchSharp.torch;

namespace Flextron.Mixers;

/// <summary>How strongly the state forgets and takes in at every token.</summary>
/// <param name="LogDecay_BGTD">Log-decays, D being 1 or the key channels.</param>
/// <param name="KeyScale_BGT1">Factor on the keys; null for none.</param>
internal readonly record struct MixerDrive(Tensor LogDecay_BGTD, Tensor? KeyScale_BGT1 = null);
