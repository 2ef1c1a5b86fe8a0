namespace Flextron.Workbench.Figures;

/// <summary>A rectangle in pixels, y growing downwards.</summary>
internal readonly record struct SvgBox(double Left, double Top, double Width, double Height)
{
    public double Right => Left + Width;

    public double Bottom => Top + Height;

    public bool Contains(double x, double y, double margin = 0) =>
        x >= Left - margin && x <= Right + margin && y >= Top - margin && y <= Bottom + margin;
}
