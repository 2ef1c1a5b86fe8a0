using Flextron.Workbench.Figures;

namespace Flextron.Tests.Workbench.Figures;

public class TicksTests
{
    [Theory]
    [InlineData(0, 10, 5, "0 2 4 6 8 10")]
    [InlineData(0, 1, 5, "0.0 0.2 0.4 0.6 0.8 1.0")]
    [InlineData(0.13, 0.87, 4, "0.2 0.4 0.6 0.8")]
    [InlineData(-1, 1, 4, "−1.0 −0.5 0.0 0.5 1.0")]
    [InlineData(0, 0.3, 3, "0.0 0.1 0.2 0.3")]
    [InlineData(1980, 4020, 4, "2,000 3,000 4,000")]
    [InlineData(0, 3e6, 3, "0 10⁶ 2×10⁶ 3×10⁶")]
    [InlineData(0, 0.00004, 4, "0 10⁻⁵ 2×10⁻⁵ 3×10⁻⁵ 4×10⁻⁵")]
    public void LinearTicksAreRound(double minimum, double maximum, int target, string expected) =>
        Assert.Equal(expected.Split(' '), Ticks.Linear(minimum, maximum, target).Select(t => t.Label));

    [Theory]
    [InlineData(1, 100, 8, "1 2 5 10 20 50 100")]
    [InlineData(1, 100, 6, "1 3 10 30 100")]
    [InlineData(0.001, 1000, 8, "0.001 0.01 0.1 1 10 100 1,000")]
    [InlineData(1e-5, 1e-2, 5, "10⁻⁵ 10⁻⁴ 0.001 0.01")]
    [InlineData(1, 1e12, 7, "1 100 10,000 10⁶ 10⁸ 10¹⁰ 10¹²")]
    [InlineData(20, 29, 5, "20 22 24 26 28")]
    public void LogarithmicTicksAreTheRichestSetThatFits(double minimum, double maximum, int target, string expected) =>
        Assert.Equal(expected.Split(' '), Ticks.Logarithmic(minimum, maximum, target).Select(t => t.Label));

    [Theory]
    [InlineData(0.7, 1)]
    [InlineData(1, 1)]
    [InlineData(1.1, 2)]
    [InlineData(3, 5)]
    [InlineData(5.01, 10)]
    [InlineData(0.03, 0.05)]
    [InlineData(0.021, 0.05)]
    public void StepsAreOneTwoFive(double rough, double expected) => Assert.Equal(expected, Ticks.RoundStep(rough));

    [Fact]
    public void TickValuesAreTheNumbersTheyRead()
    {
        // Adding 0.1 three times gives 0.30000000000000004; the tick must be the double nearest 0.3.
        Assert.Equal([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], Ticks.Linear(0, 0.7, 7).Select(t => t.Value));
    }

    [Fact]
    public void MinorMarksFillEveryDecade() =>
        Assert.Equal([2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30], Ticks.LogarithmicMinor(2, 35));
}
