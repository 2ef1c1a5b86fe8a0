namespace Flextron.Workbench.Figures;

/// <summary>Maps data values to pixels along one axis: affine in the value, or in its logarithm.</summary>
internal readonly record struct AxisMap(double Minimum, double Maximum, bool Logarithmic, double From, double To)
{
    public double Pixel(double value) => From + Position(value) * (To - From);

    /// <summary>The pixel of a value, held within the axis; for ends of intervals and for values that a logarithm has no place for.</summary>
    public double Clamped(double value) => From + Math.Clamp(Position(value), 0, 1) * (To - From);

    public bool Contains(double value) => Position(value) is >= -1e-9 and <= 1 + 1e-9;

    private double Position(double value) => Logarithmic
        ? value <= 0 ? double.NegativeInfinity : Math.Log(value / Minimum) / Math.Log(Maximum / Minimum)
        : (value - Minimum) / (Maximum - Minimum);
}
