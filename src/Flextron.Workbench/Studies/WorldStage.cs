using Flextron.Data;
using Flextron.Data.TinyWorld;
using Flextron.Pretraining;
using Flextron.Tokenization;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>The tiny world's text for experiments that pretrain: a tokenizer trained on it, and tokens to train and to measure on.</summary>
internal static class WorldStage
{
    private const string TrainFile = "train.ids", HeldOutFile = "heldout.ids", VocabularyFile = "vocabulary.json";

    /// <summary>Makes it.</summary>
    /// <param name="run">The run.</param>
    /// <param name="seed">Which world.</param>
    /// <param name="vocabulary">Of the tokenizer.</param>
    /// <param name="tokenizerCharacters">Characters it is trained on.</param>
    /// <param name="trainTokens">Tokens to train on, each read once.</param>
    /// <param name="heldOutTokens">Tokens to measure on.</param>
    public static StageResult Run(ExperimentRun run, long seed, int vocabulary, int tokenizerCharacters, long trainTokens, long heldOutTokens) =>
        run.Stage("corpus", new { seed, vocabulary, tokenizerCharacters, trainTokens, heldOutTokens, world = TinyWorldWriter.GeneratorVersion }, [], stage =>
        {
            var pretraining = new PretrainingSettings { Seed = seed, VocabularySize = vocabulary, TokenizerCharacters = tokenizerCharacters };
            Tokenizer tokenizer = BaseModelPretraining.TrainTokenizer(pretraining, stage.Progress);
            void Save(string name, WorldSplit split, long limit)
            {
                using TokenCorpus corpus = TokenCorpus.Of(WorldCorpus.Documents((ulong)seed, split), tokenizer, (int)Math.Min(int.MaxValue, limit), stage.Progress);
                corpus.Save(stage.File(name));
            }

            Save(TrainFile, WorldSplit.Train, trainTokens);
            Save(HeldOutFile, WorldSplit.HeldOut, heldOutTokens);
            stage.WriteJson(VocabularyFile, new TokenizerShape(tokenizer.VocabularySize, tokenizer.EosId));
        });

    /// <summary>Vocabulary and boundary token of its tokenizer.</summary>
    public static TokenizerShape Tokenizer(StageResult corpus) => corpus.ReadJson<TokenizerShape>(VocabularyFile);

    /// <summary>What is trained on.</summary>
    public static TokenCorpus Train(StageResult corpus) => TokenCorpus.Load(corpus.File(TrainFile), Tokenizer(corpus).Size);

    /// <summary>What is measured on.</summary>
    public static TokenCorpus HeldOut(StageResult corpus) => TokenCorpus.Load(corpus.File(HeldOutFile), Tokenizer(corpus).Size);

    /// <summary>What a model needs to know of a tokenizer.</summary>
    /// <param name="Size">Ids.</param>
    /// <param name="Boundary">The id between documents.</param>
    internal sealed record TokenizerShape(int Size, int? Boundary);
}
