namespace Flextron.Tests.Cli;

/// <summary>What route refuses.</summary>
public sealed class RouteVerbTests
{
    [Fact]
    public void StepsThatCannotBeAreRefusedBeforeAnythingIsLoaded()
    {
        using TemporaryFolder folder = TestData.Temporary();
        TinyModel.Save(folder["model"]);
        Assert.Contains("give --dynamic too", CliRun.Refusal("route", folder["model"], "--dynamic-steps", "5", "--out", folder["out"]), StringComparison.Ordinal);
        Assert.Contains("-1 steps", CliRun.Refusal("route", folder["model"], "--dynamic", "--dynamic-steps", "-1", "--out", folder["out"]), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["out"]));
    }
}
