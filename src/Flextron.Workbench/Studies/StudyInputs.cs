using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>What a study works on.</summary>
/// <param name="Model">The pretrained model.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Text">The text; null for the tiny world, which is generated.</param>
internal sealed record StudyInputs(StageInput Model, StageInput Tokenizer, StageInput? Text)
{
    /// <summary>All of them.</summary>
    public IReadOnlyList<StageInput> All => Text is null ? [Model, Tokenizer] : [Model, Tokenizer, Text];
}
