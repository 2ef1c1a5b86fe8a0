using Flextron.Routing;
using Flextron.Workbench.RoutingComparisons;
using Flextron.Workbench.Studies;
using Flextron.Workbench.WayComparisons;

namespace Flextron.Tests.Workbench.Studies;

public class StageSettingsTests
{
    [Fact]
    public void EveryKindThatMeasuresATableRefusesACheckOnTooFewNetworks()
    {
        var profile = new ProfileStageSettings { HeldOutNetworks = 2 };
        string[] messages =
        [
            Assert.Throws<FlextronException>(() => new StudySettings { Profile = profile }.Validated()).Message,
            Assert.Throws<FlextronException>(() => new RoutingComparisonSettings { Profile = profile }.Validated()).Message,
            Assert.Throws<FlextronException>(() => new WayComparisonSettings { Profile = profile }.Resolved()).Message,
        ];
        Assert.All(messages, m => Assert.Equal("Experiment settings: profile.heldOutNetworks is 2, give 3 or more.", m));
        Assert.Equal(3, (profile with { HeldOutNetworks = 3 }).Validated().HeldOutNetworks);
    }

    [Theory]
    [InlineData(0, 256, "lossWindows is 0 and windowLength 256")]
    [InlineData(8, 1, "lossWindows is 8 and windowLength 1")]
    public void RoutersNeedWindowsToMeasureLossesOn(int windows, int length, string expected)
    {
        var route = new RouteSettings { LossWindows = windows, WindowLength = length };
        Assert.Contains(expected, Assert.Throws<FlextronException>(() => route.Validated()).Message, StringComparison.Ordinal);
        Assert.Contains(expected, Assert.Throws<FlextronException>(() => new StudySettings { Route = route }.Validated()).Message, StringComparison.Ordinal);
    }
}
