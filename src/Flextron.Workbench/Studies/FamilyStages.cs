using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>How every kind of experiment begins: the text parted, the model's heads and neurons ranked, the family made of it.</summary>
/// <param name="Inputs">Model, tokenizer and text.</param>
/// <param name="Corpus">The parted text.</param>
/// <param name="Ranking">Importance scores.</param>
/// <param name="Family">The elastic family, not trained yet.</param>
internal sealed record FamilyStages(StudyInputs Inputs, StageResult Corpus, StageResult Ranking, StageResult Family)
{
    /// <summary>Runs these stages.</summary>
    public static FamilyStages Run(ExperimentRun run, StudyInputs inputs, CorpusSettings corpus, RankSettings rank)
    {
        run.RecordSeed("corpus", corpus.Seed);
        StageResult text = CorpusStage.Run(run, corpus, inputs.Tokenizer, inputs.Text);
        StageResult ranking = ElastifyStage.Rank(run, rank, inputs.Model, text);
        return new FamilyStages(inputs, text, ranking, ElastifyStage.Permute(run, inputs.Model, inputs.Tokenizer, text, ranking));
    }
}
