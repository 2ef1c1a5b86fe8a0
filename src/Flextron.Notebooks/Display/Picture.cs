namespace Flextron.Notebooks.Display;

/// <summary>A static picture with words for those who cannot see it.</summary>
/// <param name="Svg">The picture.</param>
/// <param name="Text">The words.</param>
public sealed record Picture(string Svg, string Text)
{
    /// <summary>The numbers behind it as comma-separated text, where there are any.</summary>
    public string? Csv { get; init; }
}
