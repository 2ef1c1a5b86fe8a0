using Flextron.Evaluation.Scoring;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Tests.MixtureOfDepths;
using TorchSharp;
using static TorchSharp.torch;
using static Flextron.Tests.MixtureOfDepths.TinyMixture;

namespace Flextron.Tests.Evaluation;

public sealed class MixtureLogitsModelTests
{
    private static readonly ContinuationTokens[] Requests =
    [
        new([1, 5, 9, 2], [3, 4]), new([1, 5, 9, 2], [7]), new([1, 5, 9, 2], [7, 7, 8, 1]), new([4], [2, 2, 6, 9, 11, 3]), new([8, 3, 1, 1, 20, 4, 6, 17], [5, 12]), new([2, 3], [4]),
    ];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void EveryRequestIsReadByItselfWhateverStandsBesideIt(bool causal)
    {
        using MixtureModel mixture = Create(Settings with { Sampler = CausalSampler.Auxiliary });
        SubNetwork[] networks = [mixture.Model.FullNetwork, new([new(1, 9), new(2, 5), new(0, 20), new(1, 0)])];
        foreach (SubNetwork network in networks)
        {
            ITokenSelector selector = causal ? new CausalTokens() : TopTokens.ByRouter(mixture.Settings);
            double[] Scores(ScorerSettings settings) => [.. new ContinuationScorer(new MixtureLogitsModel(mixture, selector, network), settings).Score(Requests, null).Select(s => s.LogProbability)];
            double[] together = Scores(MixtureLogitsModel.Settings), apart = Scores(MixtureLogitsModel.Settings with { BatchRows = 1 });
            using var noGrad = no_grad();
            for (int i = 0; i < Requests.Length; i++)
            {
                using var scope = NewDisposeScope();
                long[] ids = [.. Requests[i].Context.Concat(Requests[i].Continuation).Select(id => (long)id)];
                Tensor logProbabilities_TV = nn.functional.log_softmax(mixture.Forward(tensor(ids[..^1]).unsqueeze(0), selector, network)[0], 1);
                double expected = Enumerable.Range(Requests[i].Context.Length, Requests[i].Continuation.Length).Sum(at => logProbabilities_TV[at - 1, ids[at]].item<float>());
                Assert.Equal(expected, together[i], 1e-4);
                Assert.Equal(expected, apart[i], 1e-4);
            }
        }
    }

    [Fact]
    public void SharedBeginningsAreRefused()
    {
        using MixtureModel mixture = Create();
        var scorer = new ContinuationScorer(new MixtureLogitsModel(mixture, new CausalTokens()));
        Assert.Contains("MixtureLogitsModel.Settings", Assert.Throws<ArgumentException>(() => scorer.Score(Requests, null)).Message, StringComparison.Ordinal);
    }
}
