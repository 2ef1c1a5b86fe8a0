using Flextron.Data;
using Flextron.Importance;
using Flextron.Models;
using Flextron.Pretraining;
using static TorchSharp.torch;

namespace Flextron.Workbench.Benchmarks;

/// <summary>What ranking heads and neurons costs over the forward passes that it watches.</summary>
internal sealed class RankingBenchmark : IBenchmark
{
    private const int Tokens = 1 << 14;

    public string Group => "ranking";

    public string Name => "importance";

    public string Question =>
        $"Ranking heads and neurons of the shape of training: step on {Tokens} tokens, against the forward passes alone over as many tokens in the same batches of 8 × 256, which is the least it can cost.";

    public void Measure(BenchmarkSession session)
    {
        ModelConfig config = TrainingShape.Config;
        using var model = new DecoderModel(BaseModelPretraining.Initialise(config, scale: 1, seed: 1));
        using TokenCorpus corpus = TrainingShape.Corpus(config);
        using Tensor ids_BT = tensor(
            Enumerable.Range(0, TrainingShape.Batch * TrainingShape.Time).Select(i => (long)(i * 37 % config.VocabularySize)).ToArray(), [TrainingShape.Batch, TrainingShape.Time]);
        WeightView view = model.View(model.FullNetwork);
        void Forward()
        {
            using var noGrad = no_grad();
            for (int i = 0; i < Tokens / (TrainingShape.Batch * TrainingShape.Time); i++) model.Hidden(view, ids_BT).Dispose();
        }

        CaseTimings times = session.Time(
            new BenchmarkCase("ranking", () => ImportanceRanker.Rank(model, corpus, maximumTokens: Tokens)), new BenchmarkCase("forward", Forward));
        session.Ratio("ranking / forward passes", times.Ratio("ranking", "forward"));
        session.Report("ranking", "tokens/s", times.Rate("ranking", Tokens, 1));
    }
}
