using static TorchSharp.torch;

namespace Flextron.Training.Passes;

/// <summary>What the sub-networks of a step learn from; all of them the same.</summary>
/// <param name="Input_BT">Token ids, int64.</param>
/// <param name="Target_N">The tokens that follow, int64, N = B·T.</param>
/// <param name="TeacherLogProbabilities_NV">Of the frozen original, float32; null without distillation.</param>
/// <param name="Alpha">α in (1 − α)·cross-entropy + α·KL(teacher ‖ student); 0 without a teacher.</param>
public sealed record TrainingBatch(Tensor Input_BT, Tensor Target_N, Tensor? TeacherLogProbabilities_NV, double Alpha);
