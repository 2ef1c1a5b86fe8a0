namespace Flextron.Inference.Decoding;

/// <summary>The cache of a sequence that has read nothing yet, as <see cref="IPromptRouter"/> fills it.</summary>
public interface IPromptKeys
{
    /// <summary>Takes over what was computed of a token; groups that it did not keep have no entry of it.</summary>
    /// <param name="block">Block.</param>
    /// <param name="group">Key/value group.</param>
    /// <param name="position">The token's position, in ascending order within a group.</param>
    /// <param name="key_H">Rotated.</param>
    /// <param name="value_H">As it is.</param>
    /// <exception cref="FlextronException">There is no room for this group.</exception>
    void Append(int block, int group, int position, ReadOnlySpan<float> key_H, ReadOnlySpan<float> value_H);
}
