using Flextron.Workbench.Display;

namespace Flextron.Tests.Workbench.Display;

public sealed class ProgressTextTests
{
    [Theory]
    [InlineData(0.4242, "0.42 s")]
    [InlineData(0.9996, "1.0 s")]
    [InlineData(14.74, "14.7 s")]
    [InlineData(59.94, "59.9 s")]
    [InlineData(59.96, "1 min 00 s")]
    [InlineData(185, "3 min 05 s")]
    [InlineData(3599.7, "1 h 00 min")]
    [InlineData(7620, "2 h 07 min")]
    [InlineData(273600, "3 d 04 h")]
    public void Durations(double seconds, string expected) => Assert.Equal(expected, ProgressText.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(1250, "1,250/s")]
    [InlineData(99.96, "100/s")]
    [InlineData(12.46, "12.5/s")]
    [InlineData(9.996, "10.0/s")]
    [InlineData(3.2, "3.20/s")]
    [InlineData(0.25, "4.0 s each")]
    [InlineData(0.01, "1 min 40 s each")]
    public void Rates(double perSecond, string expected) => Assert.Equal(expected, ProgressText.Rate(perSecond));
}
