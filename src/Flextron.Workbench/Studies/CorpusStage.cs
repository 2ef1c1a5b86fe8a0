using Flextron.Data;
using Flextron.Data.TinyWorld;
using Flextron.Tokenization;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>Parts the text and tokenises the parts.</summary>
internal static class CorpusStage
{
    private const string Calibration = "calibration.ids", Train = "train.ids", HeldOut = "heldout.ids";
    private const int SmallPartTokens = 200_000;

    public static StageResult Run(ExperimentRun run, CorpusSettings settings, StageInput tokenizer, StageInput? text) =>
        run.Stage("corpus", new { settings, world = TinyWorldWriter.GeneratorVersion }, text is null ? [tokenizer] : [tokenizer, text], stage =>
        {
            Tokenizer ids = TokenizerLoader.Load(tokenizer.Path);
            (IEnumerable<string> calibration, IEnumerable<string> train, IEnumerable<string> heldOut) = text is null ? World(settings) : File(settings, text.Path);
            TokenCorpus Save(string name, IEnumerable<string> documents, int limit)
            {
                TokenCorpus corpus = TokenCorpus.Of(documents, ids, limit, stage.Progress);
                corpus.Save(stage.File(name));
                return corpus;
            }

            stage.WriteJson("corpus.json", new[]
            {
                Describe("calibration", Save(Calibration, calibration, SmallPartTokens)),
                Describe("train", Save(Train, train, settings.MaximumTrainTokens)),
                Describe("held-out", Save(HeldOut, heldOut, SmallPartTokens)),
            });
        });

    public static TokenCorpus LoadCalibration(StageResult corpus, int vocabulary) => TokenCorpus.Load(corpus.File(Calibration), vocabulary);

    public static TokenCorpus LoadTrain(StageResult corpus, int vocabulary) => TokenCorpus.Load(corpus.File(Train), vocabulary);

    public static TokenCorpus LoadHeldOut(StageResult corpus, int vocabulary) => TokenCorpus.Load(corpus.File(HeldOut), vocabulary);

    public static IReadOnlyList<CorpusPart> Parts(StageResult corpus) => corpus.ReadJson<CorpusPart[]>("corpus.json");

    private static CorpusPart Describe(string name, TokenCorpus corpus) => new(name, corpus.Documents, corpus.Length, corpus.Hash());

    private static (IEnumerable<string>, IEnumerable<string>, IEnumerable<string>) World(CorpusSettings settings)
    {
        IEnumerable<string> Split(WorldSplit split) => WorldCorpus.Documents((ulong)settings.Seed, split);
        return (Split(WorldSplit.Calibration), Split(WorldSplit.Train), Split(WorldSplit.HeldOut));
    }

    private static (IEnumerable<string>, IEnumerable<string>, IEnumerable<string>) File(CorpusSettings settings, string path)
    {
        var split = new CorpusSplit(settings.CalibrationShare, settings.HeldOutShare, settings.Seed);
        DocumentSource source = TextCorpus.Open(path);
        IEnumerable<string> Part(SplitPart part) => source.Part(split, part).Documents;
        return (Part(SplitPart.Calibration), Part(SplitPart.Train), Part(SplitPart.HeldOut));
    }
}
