using Flextron.Native;
using TorchSharp;

Console.WriteLine(TorchRuntime.State);
Console.WriteLine(torch.__version__);
using var x = torch.ones(3);
Console.WriteLine(x.sum().item<float>());
