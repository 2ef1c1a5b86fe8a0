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
    private static readonly ProfileSettings OneRound = Quick with { MinimumRounds = 1 };

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
            LatencyTable measured = DecodeTables.Find(bundle, engine, OneRound);
            // One round says nothing about its noise.
            Assert.Equal((1, null, 1), (measured.Rounds, measured.Precision, measured.Attempts));
            string kept = Assert.Single(Directory.GetFiles(cache), f => !before.Contains(f) && Of(f));
            // A table that is known well enough stays; one known less well, or from a version that did not ask, is measured again, twice at most.
            (measured with { FixedMs = 77, Precision = 0.0099 }).Save(kept);
            Assert.Equal(77, DecodeTables.Find(bundle, engine, OneRound).FixedMs);
            (measured with { FixedMs = 77, Precision = 0.0101 }).Save(kept);
            // The one round tells less than what was there, which is therefore kept; it has been tried twice then.
            LatencyTable better = DecodeTables.Find(bundle, engine, OneRound);
            Assert.Equal((77, 0.0101, 2), (better.FixedMs, better.Precision, better.Attempts));
            (measured with { FixedMs = 77, Attempts = 0 }).Save(kept);
            LatencyTable again = DecodeTables.Find(bundle, engine, Quick);
            Assert.NotEqual(77, again.FixedMs);
            Assert.Equal((5, 1), (again.Rounds, again.Attempts));
            Assert.True(again.Precision > 0);
            // Measured as often as it may be: it stays, and says how well it is known.
            (again with { FixedMs = 77, Precision = 0.5, Attempts = 3 }).Save(kept);
            Assert.Equal((77, 0.5), (DecodeTables.Find(bundle, engine, Quick).FixedMs, DecodeTables.Find(bundle, engine, Quick).Precision));
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
            foreach (string file in Directory.GetFiles(cache).Where(f => !before.Contains(f) && Of(f))) File.Delete(file);
        }

        bool Of(string file) => File.ReadAllText(file).Contains($"\"neurons\": {neurons}", StringComparison.Ordinal);
    }
}
