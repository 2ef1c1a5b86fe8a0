using System.Diagnostics;
using Flextron.Checkpoints;
using Flextron.CrossArchitecture;
using Flextron.Dropping;
using Flextron.Elastic;
using Flextron.Importance;
using Flextron.Inference;
using Flextron.Latency;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Pretraining;
using Flextron.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Workbench.WayComparisons;

/// <summary>A network of any way, behind one set of calls: all run through libtorch.</summary>
/// <param name="model">Owned.</param>
/// <param name="network">Which slice.</param>
/// <param name="mixture">Routers in front of the model's blocks, owned; it then owns the model.</param>
internal sealed class WayNetwork(DecoderModel model, SubNetwork network, MixtureModel? mixture = null) : IDisposable
{
    // What generation decides by; a token's decision depends on nothing behind it.
    public static readonly CausalTokens Causal = new();

    public DecoderModel Model => model;

    public SubNetwork Network => network;

    public MixtureModel? Mixture => mixture;

    public long Parameters => (long)AnalyticCosts.Parameters(model.Config).Cost(network) + (mixture?.Routers.Flat.numel() ?? 0);

    /// <summary>Makes an arm's network of the base, not trained yet.</summary>
    /// <param name="arm">What it is.</param>
    /// <param name="seed">Of fresh weights.</param>
    /// <param name="original">The base, its parts ordered by importance; not changed.</param>
    /// <param name="similarities">How much every part changes the residual stream; asked for where parts are dropped.</param>
    public static WayNetwork Of(WayArm arm, long seed, ElasticFamily original, Func<PartSimilarities> similarities)
    {
        static WayNetwork Whole(DecoderWeights weights, SubNetwork? network = null)
        {
            var model = new DecoderModel(weights);
            return new WayNetwork(model, network ?? model.FullNetwork);
        }

        DecoderWeights pretrained = original.Model.Weights;
        switch (arm.Way)
        {
            case Way.MixtureOfDepths:
                var mixture = new MixtureModel(new DecoderModel(pretrained.Clone()), DepthRouters.Fresh(pretrained.Config, arm.Mixture, seed));
                return new WayNetwork(mixture.Model, mixture.Model.FullNetwork, mixture);
            case Way.Transfer:
                return Whole(ArchitectureTransfer.Create(pretrained, arm.Transfer(seed)).Weights);
            case Way.Drop:
                return Whole(pretrained.Clone(), DropPlan.Of(similarities(), pretrained.Config, arm.Target!.Value, arm.Count!.Value).Network);
            case Way.Alone:
                SubNetwork slice = original.Space.Uniform(arm.Share!.Value);
                return Whole(arm.Fresh
                    ? BaseModelPretraining.Initialise(StandaloneSlice.Config(pretrained.Config, slice), new PretrainingSettings().InitialScale, seed)
                    : StandaloneSlice.Cut(original.Model, slice));
            default:
                return Whole(pretrained.Clone());
        }
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="network">Which slice; the whole where null.</param>
    public static WayNetwork Load(string folder, SubNetwork? network = null)
    {
        if (MixtureModel.IsAt(folder))
        {
            MixtureModel mixture = MixtureModel.Load(folder);
            return new WayNetwork(mixture.Model, network ?? mixture.Model.FullNetwork, mixture);
        }
        var model = new DecoderModel(CheckpointLoader.Load(folder).Weights);
        return new WayNetwork(model, network ?? model.FullNetwork);
    }

    /// <summary>Writes the weights, and routers where there are any.</summary>
    public void Save(string folder)
    {
        if (mixture is not null) mixture.Save(folder);
        else CheckpointWriter.Save(model.Weights, folder, CheckpointWriter.FolderFormat(model.Config));
    }

    /// <summary>Held-out loss, as in generation.</summary>
    public LossEstimate Loss(HeldOutLoss heldOut) => mixture is null ? heldOut.Of(model, network) : heldOut.Of(ids_BT => mixture.Forward(ids_BT, Causal, network));

    /// <summary>Runs a workload: the prompt, then every further token with what is kept of those before it. Making the cache is not timed.</summary>
    /// <param name="ids_BT">Prompt and what follows it.</param>
    /// <param name="promptTokens">Of these, read at once.</param>
    public WorkloadTiming Run(Tensor ids_BT, int promptTokens)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        (int batch, int length) = ((int)ids_BT.size(0), (int)ids_BT.size(1));
        bool generates = length > promptTokens;
        using KvCache? cache = generates && mixture is null ? model.NewCache(network, batch, length) : null;
        using MixtureCache? routed = generates && mixture is not null ? mixture.NewCache(batch, length, network) : null;
        Tensor prompt_BT = ids_BT.narrow(1, 0, promptTokens);
        Tensor[] next_B1 = [.. Enumerable.Range(promptTokens, length - promptTokens).Select(t => ids_BT.narrow(1, t, 1))];
        model.View(network);
        void Read(Tensor some_BT) => (mixture is null ? model.ForwardLast(some_BT, network, cache) : mixture.ForwardLast(some_BT, Causal, network, routed)).Dispose();
        long start = Stopwatch.GetTimestamp();
        Read(prompt_BT);
        double promptMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        start = Stopwatch.GetTimestamp();
        foreach (Tensor token_B1 in next_B1) Read(token_B1);
        return new WorkloadTiming(promptMs, generates ? Stopwatch.GetElapsedTime(start).TotalMilliseconds : 0);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (mixture is not null) mixture.Dispose();
        else model.Dispose();
    }
}
