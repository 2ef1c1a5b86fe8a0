using TorchSharp;

namespace Flextron.Tests;

public sealed class SmokeTests
{
    [Fact]
    public void LibtorchAdds() => Assert.Equal(3f, torch.ones(3).sum().item<float>());
}
