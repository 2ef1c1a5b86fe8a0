namespace Flextron.Inference;

/// <summary>A text in the reading: whatever executes the model behind it.</summary>
internal interface ISequence : IDisposable
{
    /// <summary>Tokens read.</summary>
    int Length { get; }

    /// <summary>Reads tokens.</summary>
    /// <param name="ids">At least one.</param>
    /// <returns>Logits after the last, valid until the next call.</returns>
    ReadOnlySpan<float> Read(scoped ReadOnlySpan<int> ids);
}
