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
    /// <param name="run">The run.</param>
    /// <param name="inputs">Model, tokenizer and text.</param>
    /// <param name="corpus">How the text is parted.</param>
    /// <param name="rank">How importance is measured.</param>
    /// <param name="axes">What may be cut; null for even steps of groups and neurons.</param>
    public static FamilyStages Run(ExperimentRun run, StudyInputs inputs, CorpusSettings corpus, RankSettings rank, AxisSettings? axes = null)
    {
        axes ??= new AxisSettings();
        run.RecordSeed("corpus", corpus.Seed);
        StageResult text = CorpusStage.Run(run, corpus, inputs.Tokenizer, inputs.Text);
        StageResult ranking = ElastifyStage.Rank(run, rank, axes, inputs.Model, text);
        return new FamilyStages(inputs, text, ranking, ElastifyStage.Permute(run, axes, inputs.Model, inputs.Tokenizer, text, ranking));
    }
}
