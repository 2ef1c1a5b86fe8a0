using Flextron.Inference.Decoding;
using Flextron.Inference.Kernels;
using Flextron.Latency;
using Flextron.Selection;
using Flextron.Storage;
using Flextron.Tests.Cli;

namespace Flextron.Tests.Selection;

public sealed class DecodeTablesTests
{
    private static readonly ProfileSettings Quick = new() { Seconds = 0, WarmUpSeconds = 0, MinimumWindowMs = 0 };

    [Fact]
    public void ATableIsMeasuredOnceForAShapeAndTheFamilysOwnComesFirst()
    {
        using TemporaryFolder folder = TestData.Temporary();
        // A shape of its own, so that no other run's cached table fits it.
        int neurons = 16 + Random.Shared.Next(1000, 2000);
        TinyModel.Save(folder["model"], neurons: neurons);
        using FamilyBundle bundle = FamilyBundle.Load(folder["model"]);
        using DecodeEngine engine = new(bundle.Family.Model), small = new(bundle.Family.Model, WeightFormat.Int8);
        string cache = Path.Combine(CacheFolder.Path, "latency");
        HashSet<string> before = Directory.Exists(cache) ? [.. Directory.GetFiles(cache)] : [];
        try
        {
            LatencyTable measured = DecodeTables.Find(bundle, engine, Quick), again = DecodeTables.Find(bundle, engine, Quick);
            Assert.Equal((measured.FullMs(), measured.Key), (again.FullMs(), again.Key));
            // Other weights are read at another speed: another table.
            Assert.Contains("int8", DecodeTables.Find(bundle, small, Quick).Key.Engine, StringComparison.Ordinal);
            LatencyTable own = measured with { FixedMs = 1000, FixedStepMs = 1000 };
            string path = Path.Combine(folder["model"], FamilyBundle.DecodeTableName);
            // Other lengths do, but a step of eight sequences is no time of one text's token.
            (own with { Key = own.Key with { Workload = own.Key.Workload with { Batch = 8 } } }).Save(path);
            Assert.NotEqual(1000, DecodeTables.Find(bundle, engine, Quick).FixedMs);
            (own with { Key = own.Key with { Workload = own.Key.Workload with { GeneratedTokens = 9 } } }).Save(path);
            Assert.Equal(1000, DecodeTables.Find(bundle, engine, Quick).FixedMs);
            own.Save(path);
            Assert.Equal(1000, DecodeTables.Find(bundle, engine, Quick).FixedMs);
            Assert.NotEqual(1000, DecodeTables.Find(bundle, small, Quick).FixedMs);
        }
        finally
        {
            foreach (string file in Directory.GetFiles(cache).Where(f => !before.Contains(f) && File.ReadAllText(f).Contains($"\"neurons\": {neurons}", StringComparison.Ordinal))) File.Delete(file);
        }
    }
}
