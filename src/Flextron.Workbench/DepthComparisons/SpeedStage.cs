using System.Diagnostics;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Training;
using Flextron.Training.Passes;
using Flextron.Workbench.Experiments;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Workbench.DepthComparisons;

/// <summary>Times decoding and training steps of the first seed's networks, in turn, so that a slow moment of the machine meets all of them.</summary>
internal static class SpeedStage
{
    private const int PromptTokens = 16, TimedSteps = 3;
    private const string File = "speeds.json";

    public static StageResult Run(ExperimentRun run, MixtureComparisonSettings settings, IReadOnlyDictionary<(ModelSize Size, MixtureArm Arm), StageResult> trained, StageResult corpus) =>
        run.Stage("speed", new { settings.DecodeTokens, settings.DecodeRounds }, [corpus, .. trained.Values], stage =>
        {
            var networks = trained.Select(t => (t.Key.Size, t.Key.Arm, Network: IsoFlopStage.Network(t.Value))).ToArray();
            try
            {
                ModelConfig first = networks[0].Network.Model.Config;
                using TokenCorpus text = IsoFlopStage.HeldOutTokens(corpus, first), train = IsoFlopStage.TrainTokens(corpus, first);
                long[] prompt = [.. text.ToArray(0, PromptTokens).Select(i => (long)i)];
                (List<double> Decode, List<double> Steps, List<double> Composed, long Bytes)[] times = [.. networks.Select(_ => (new List<double>(), new List<double>(), new List<double>(), 0L))];
                // The first round warms up and is not kept.
                for (int round = 0; round <= settings.DecodeRounds; round++)
                {
                    for (int i = 0; i < networks.Length; i++)
                    {
                        stage.Cancellation.ThrowIfCancellationRequested();
                        (ModelSize size, MixtureArm arm, MixtureModel network) = networks[i];
                        (double tokens, times[i].Bytes) = arm == MixtureArm.Dense ? Dense(network.Model, prompt, settings.DecodeTokens) : Mixture(network, prompt, settings.DecodeTokens);
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

    private static (double TokensPerSecond, long CacheBytes) Dense(DecoderModel model, long[] prompt, int tokens)
    {
        using KvCache cache = model.NewCache(model.FullNetwork, 1, prompt.Length + tokens);
        double speed = Decode(prompt, tokens, ids_BT => model.ForwardLast(ids_BT, model.FullNetwork, cache));
        long perToken = 2L * model.FullNetwork.Blocks.Sum(b => b.KvGroups) * model.Config.HeadSize * sizeof(float);
        return (speed, cache.Length * perToken);
    }

    private static (double TokensPerSecond, long CacheBytes) Mixture(MixtureModel mixture, long[] prompt, int tokens)
    {
        using MixtureCache cache = mixture.NewCache(1, prompt.Length + tokens);
        var sampler = new CausalTokens();
        return (Decode(prompt, tokens, ids_BT => mixture.ForwardLast(ids_BT, sampler, cache: cache)), cache.HeldBytes);
    }

    private static double Decode(long[] prompt, int tokens, Func<Tensor, Tensor> read)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Tensor logits_BV = read(tensor(prompt).unsqueeze(0));
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < tokens; i++)
        {
            using var step = NewDisposeScope();
            logits_BV = read(logits_BV.argmax(1, keepdim: true)).MoveToOuterDisposeScope();
        }
        return tokens / Stopwatch.GetElapsedTime(began).TotalSeconds;
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
