using Flextron.Data;
using Flextron.Models;
using Flextron.Training;

namespace Flextron.Pretraining;

/// <summary>Carries out one part of a pretraining: with checkpoints of its own, say.</summary>
/// <param name="part">Its name: <c>whole</c>, or <c>first</c>, <c>small</c> and <c>last</c> of a V-cycle.</param>
/// <param name="trainer">Fresh, of the part's settings; disposed by who made it.</param>
/// <param name="text">What the part reads.</param>
/// <param name="heldOut">What is measured on.</param>
/// <param name="budgets">What is measured, by label.</param>
/// <param name="onStep">To be called after every step, in order.</param>
public delegate void TrainPart(
    string part, JointTrainer trainer, TokenCorpus text, HeldOutLoss heldOut, IReadOnlyDictionary<string, SubNetwork> budgets, Action<TrainingStep> onStep);
