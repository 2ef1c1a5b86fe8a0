namespace Flextron.Notebooks.Display;

/// <summary>A static picture with words for those who cannot see it.</summary>
/// <param name="Svg">The picture.</param>
/// <param name="Text">The words.</param>
public sealed record Picture(string Svg, string Text);
