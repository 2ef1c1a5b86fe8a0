using MathNet.Numerics.Distributions;

namespace Flextron.Workbench.Experiments;

/// <summary>95 % intervals of means and of their differences, by Student's t and Welch's approximation.</summary>
internal static class MeanInterval
{
    private const double Upper = 0.975;

    /// <summary>t(0.975, n − 1)·s/√n.</summary>
    public static double HalfWidth(double sd, long n) => sd == 0 ? 0 : StudentT.InvCDF(0, 1, n - 1, Upper) * sd / Math.Sqrt(n);

    /// <summary>Half width for the difference of two independent means with unequal variances (Welch–Satterthwaite degrees of freedom).</summary>
    public static double WelchHalfWidth(double sdA, long nA, double sdB, long nB)
    {
        double a = sdA * sdA / nA;
        double b = sdB * sdB / nB;
        if (a + b == 0) return 0;
        double freedom = (a + b) * (a + b) / (a * a / (nA - 1) + b * b / (nB - 1));
        return StudentT.InvCDF(0, 1, freedom, Upper) * Math.Sqrt(a + b);
    }
}
