using System.Diagnostics;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Inference;
using Flextron.Inference.Decoding;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Training;
using Flextron.Training.Passes;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Workbench.DepthComparisons;

/// <summary>Times decoding and training steps of the first seed's networks, in turn, so that a slow moment of the machine meets all of them.</summary>
internal static class SpeedStage
{
    private const int PromptTokens = 16, TimedSteps = 3;
    private const double LeastSeconds = 0.1;
    private const string File = "speeds.json";

    public static StageResult Run(ExperimentRun run, MixtureComparisonSettings settings, IReadOnlyDictionary<(ModelSize Size, MixtureArm Arm), StageResult> trained, StageResult corpus) =>
        run.Stage("speed", new { settings.DecodeTokens, settings.DecodeRounds }, [corpus, .. trained.Values], stage =>
        {
            var networks = trained.Select(t => (t.Key.Size, t.Key.Arm, Network: IsoFlopStage.Network(t.Value))).ToArray();
            try
            {
                using TokenCorpus text = WorldStage.HeldOut(corpus), train = WorldStage.Train(corpus);
                int[] prompt = text.ToArray(0, PromptTokens);
                (List<double> Decode, List<double> Steps, List<double> Composed, long Bytes)[] times = [.. networks.Select(_ => (new List<double>(), new List<double>(), new List<double>(), 0L))];
                // The first round warms up and is not kept.
                for (int round = 0; round <= settings.DecodeRounds; round++)
                {
                    for (int i = 0; i < networks.Length; i++)
                    {
                        stage.Cancellation.ThrowIfCancellationRequested();
                        (ModelSize size, MixtureArm arm, MixtureModel network) = networks[i];
                        (double tokens, times[i].Bytes) = Decode(network, arm, prompt, settings.DecodeTokens);
                        JointTrainingSettings training = settings.Training(size, TimedSteps, seed: 1);
                        double step = StepSeconds(network, training, train, arm == MixtureArm.Dense ? null : g => new MixturePass(network, g, training));
                        double composed = arm == MixtureArm.Dense ? StepSeconds(network, training, train, g => new ComposedPass(network.Model, g)) : step;
                        if (round == 0) continue;
                        times[i].Decode.Add(tokens);
                        times[i].Steps.Add(step);
                        times[i].Composed.Add(composed);
                    }
                }
                stage.WriteJson(File, networks.Zip(times, (n, t) => new DecodeSpeed(n.Size.Label, n.Arm, t.Decode, t.Steps, t.Composed, t.Bytes)).ToArray());
            }
            finally
            {
                foreach (var network in networks) network.Network.Dispose();
            }
        }, measures: true);

    public static IReadOnlyList<DecodeSpeed> Read(StageResult stage) => stage.ReadJson<DecodeSpeed[]>(File);

    // Greedy, by the decode engine on one thread; texts are decoded again and again until there is something to time.
    private static (double TokensPerSecond, long CacheBytes) Decode(MixtureModel network, MixtureArm arm, int[] prompt, int tokens)
    {
        using var engine = new DecodeEngine(network.Model);
        using DecodeSession session = engine.NewSession(prompt.Length + tokens, threads: 1);
        using MixtureStepRouter? router = arm == MixtureArm.Dense ? null : new MixtureStepRouter(network, network.Model.FullNetwork);
        (long ticks, long decoded) = (0, 0);
        do
        {
            session.Reset();
            ReadOnlySpan<float> logits_V = router is null ? session.Prefill(prompt) : session.Prefill(prompt, router);
            long began = Stopwatch.GetTimestamp();
            for (int i = 0; i < tokens; i++)
            {
                int next = Greatest(logits_V);
                logits_V = router is null ? session.Step(next) : session.Step(next, router);
            }
            ticks += Stopwatch.GetTimestamp() - began;
            decoded += tokens;
        }
        while (ticks < LeastSeconds * Stopwatch.Frequency);
        return (decoded / ((double)ticks / Stopwatch.Frequency), session.HeldBytes);
    }

    private static int Greatest(ReadOnlySpan<float> logits_V)
    {
        int best = 0;
        for (int v = 1; v < logits_V.Length; v++)
            if (logits_V[v] > logits_V[best]) best = v;
        return best;
    }

    // The weights are put back: decoding is timed as trained.
    private static double StepSeconds(MixtureModel network, JointTrainingSettings settings, TokenCorpus train, Func<DecoderWeights, ITrainingPass>? pass)
    {
        using Tensor weights = network.Model.Weights.Flat.clone(), routers = network.Routers.Flat.clone();
        var seconds = new List<double>();
        using (var trainer = new JointTrainer(network.Model, ElasticSpace.For(network.Model.Config, steps: 1), settings, pass: pass is null ? null : (_, g) => pass(g)))
            trainer.Run(train, onStep: s => seconds.Add(s.Seconds));
        using var noGrad = no_grad();
        network.Model.Weights.Flat.copy_(weights);
        network.Routers.Flat.copy_(routers);
        return seconds.Order().ElementAt(seconds.Count / 2);
    }
}
