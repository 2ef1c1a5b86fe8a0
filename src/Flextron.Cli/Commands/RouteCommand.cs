using System.CommandLine;
using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Checkpoints;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;
using Flextron.Routing;
using Flextron.Routing.Dynamic;
using Flextron.Selection;
using Flextron.Training;
using TorchSharp;

namespace Flextron.Cli.Commands;

/// <summary><c>route</c>: static routers by one of three methods, joint fine-tuning, and dynamic routers where wanted.</summary>
internal sealed class RouteCommand : VerbCommand
{
    private static readonly RouteSettings Defaults = new();
    private readonly ModelArgument model = new("family", required: true);
    private readonly Option<string?> table = new("--table") { Description = "Latency table [default: the family's own].", HelpName = "file" };
    private readonly Option<string> folder = new("--out") { Description = "Folder of the routed family: weights, table, sensitivities and routers.", HelpName = "dir", Required = true };
    private readonly CorpusOption corpus = new("Text [default: the one the family was ranked on]", required: false);
    private readonly Option<string?> teacher = new("--teacher") { Description = "Model to distil from; else the family as it was loaded.", HelpName = "model" };
    private readonly Option<int> rounds = new("--rounds") { Description = "Rounds of exploring, fitting the surrogate and training the routers.", HelpName = "n", DefaultValueFactory = _ => Defaults.Surrogate.Rounds };
    private readonly Option<int> firstNetworks = new("--networks") { Description = "Sub-networks measured in the first round.", HelpName = "n", DefaultValueFactory = _ => Defaults.Surrogate.FirstRoundNetworks };
    private readonly Option<int> windows = new("--windows") { Description = "Windows of text that a sub-network's loss is measured on.", HelpName = "n", DefaultValueFactory = _ => Defaults.LossWindows };
    private readonly Option<string> method = new("--method")
    {
        Description = "How static routers learn: surrogate, gumbel or straight-through; the last two at the surrogate's compute.", HelpName = "name", DefaultValueFactory = _ => "surrogate",
    };
    private readonly Option<bool> dynamic = new("--dynamic") { Description = "Also trains dynamic routers, which choose for every token." };
    private readonly Option<int> dynamicSteps = new("--dynamic-steps")
    {
        Description = "With --dynamic: steps of fine-tuning the LM while its tokens are routed.", HelpName = "n", DefaultValueFactory = _ => new DynamicJointSettings().Training.Steps,
    };
    private readonly Option<int> steps = new("--steps") { Description = "Steps of fine-tuning LM and routers together; 0 leaves the weights as they are.", HelpName = "n", DefaultValueFactory = _ => Defaults.Joint.Training.Steps };

    public RouteCommand() : base(
        "route", "Trains routers that choose a sub-network for any latency.",
        "Routers are trained through a surrogate of the loss, which is then discarded, or end to end; LM and routers are fine-tuned together (FLEXTRON, section 4.2).",
        "route my-family --table my-family/latency.json --out my-routed-family",
        "route my-family --table latency.json --corpus stories.txt --steps 50 --out my-routed-family --json",
        "route my-family --corpus stories.txt --method straight-through --dynamic --dynamic-steps 60 --out my-routed-family")
    {
        model.AddTo(this);
        corpus.AddTo(this);
        foreach (Option option in (Option[])[method, dynamic, dynamicSteps, table, folder, teacher, rounds, firstNetworks, windows, steps]) Options.Add(option);
    }

    public override VerbResult Execute(CommandContext context)
    {
        StagedFolder.RequireOther(context.Get(folder), model.Path(context));
        if (context.Get(dynamicSteps) < 0) throw new FlextronException($"{context.Get(dynamicSteps)} steps are not possible: give --dynamic-steps 0 or more.");
        if (context.Get(dynamicSteps) > 0 && !context.Get(dynamic)) throw new FlextronException("--dynamic-steps trains under routers that choose for every token: give --dynamic too.");
        using LoadedModel loaded = model.Load(context, torch.ScalarType.Float32);
        ElasticFamily family = loaded.Family;
        if (family.Manifest is null) throw new FlextronException($"{family.Path} is not an elastic family: run `flextron elastify` first.");
        LatencyTable costs = (context.Get(table) is { } given ? LatencyTable.Load(given) : loaded.Bundle.Table)
            ?? throw new FlextronException($"{family.Path} has no {FamilyBundle.TableName}: run `flextron profile` first, or give a table with --table.");
        costs.RequireMatch(costs.Key.Here(family.Model));
        string text = corpus.Path(context) ?? family.Manifest.CorpusPath
            ?? throw new FlextronException($"{family.Path} does not say which text it was ranked on: name one with --corpus.");
        if (context.Get(windows) < 1) throw new FlextronException($"A loss on {context.Get(windows)} windows cannot be measured: give --windows 1 or more.");
        RouteSettings settings = (Defaults with
        {
            Method = ParseMethod(context.Get(method)),
            LossWindows = context.Get(windows),
            Surrogate = Defaults.Surrogate with { Rounds = context.Get(rounds), FirstRoundNetworks = context.Get(firstNetworks) },
            Joint = Defaults.Joint with { Training = Defaults.Joint.Training with { Steps = context.Get(steps) } },
        }).WithSeed(context.Seed);
        if (family.Manifest.TrainedSteps > 0 && context.Get(teacher) is null && settings.Joint.Training.Steps + context.Get(dynamicSteps) > 0)
            context.Message("Distilling from the family as it is now; name the original model with --teacher to distil from that.");
        // The documents that `train` keeps apart with the same seed: the routers' losses are measured on text the weights have not seen.
        var split = new CorpusSplit(CorpusParts.HeldOutShare, CorpusParts.HeldOutShare, context.Seed);
        DocumentSource documents = corpus.Open(context, text);
        using TokenCorpus calibration = loaded.Shards(documents.Part(split, SplitPart.Calibration), context);
        using TokenCorpus train = loaded.Shards(documents.Part(split, SplitPart.Train), context);
        using DecoderModel original = context.Get(teacher) is { } path
            ? new DecoderModel(CheckpointLoader.Load(ModelArgument.Resolve(path), torch.ScalarType.Float32, context.Device).Weights)
            : new DecoderModel(family.Model.Weights.Clone());
        (StaticRouters routers, RoutingReport report) = RouterTraining.Run(family, costs, calibration, train, settings, original, null, context, context.Cancellation);
        using (routers)
        {
            var measured = new HeldOutLoss(calibration, Math.Min(settings.WindowLength, family.Model.Config.ContextLength), settings.LossWindows);
            var apart = new HeldOutLoss(calibration, Math.Min(settings.WindowLength, family.Model.Config.ContextLength), 2 * settings.LossWindows, measured);
            (LossSensitivities Parts, MeasuredNetworks Networks) Losses()
            {
                LossSensitivities parts = LossSensitivities.Measure(family.Model, family.Space, measured, context, context.Cancellation);
                var selector = new NetworkSelector(family.Model.Config, family.Space) { Latency = costs, Sensitivities = parts };
                return (parts, MeasuredNetworks.Measure(family.Model, selector, routers.Select, apart, [.. report.Final.Select(p => p.Target)], context, context.Cancellation));
            }

            (LossSensitivities sensitivities, MeasuredNetworks networks) = Losses();
            using DynamicRouters? tokens = context.Get(dynamic) ? Tokens(
                family, routers, new NetworkSelector(family.Model.Config, family.Space.Blockwise) { Latency = costs, Sensitivities = sensitivities, Measured = networks }, calibration, train, original, measured, context) : null;
            // Choosing one network for a text has to know the weights as they are now.
            if (context.Get(dynamicSteps) > 0)
            {
                (sensitivities, networks) = Losses();
                report = report with { Final = [.. report.Final.Select(p => p with { MeasuredLoss = measured.Of(family.Model, p.Network).Mean })] };
            }
            StagedFolder.Write(context.Get(folder), staging =>
            {
                family.Save(staging, loaded.TokenizerPath);
                routers.Save(Path.Combine(staging, FamilyBundle.RoutersName));
                tokens?.Save(Path.Combine(staging, FamilyBundle.RoutersName));
                sensitivities.Save(Path.Combine(staging, FamilyBundle.SensitivitiesName));
                networks.Save(Path.Combine(staging, FamilyBundle.MeasuredName));
                costs.Save(Path.Combine(staging, FamilyBundle.TableName));
            });
        }
        SurrogateFit? fit = report.HeldOut;
        var json = new
        {
            surrogate = fit is null ? null : new { spearman = Finite(fit.Spearman), relativeError = Finite(fit.RelativeError), n = fit.Count },
            method = report.Method, lmOperations = report.LmOperations, rounds = report.Rounds.Count,
            points = report.Final.Select(p => new { p.Target, p.Network, p.Cost, p.NormalisedCost, p.MeasuredLoss }), steps = settings.Joint.Training.Steps,
            dynamic = context.Get(dynamic), dynamicSteps = context.Get(dynamicSteps), @out = context.Get(folder),
        };
        return new VerbResult(json, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            TextTable.Write(writer, ["target", "ms", "loss", "groups x neurons per block"], report.Final.Select(p => new[]
            {
                p.Target.ToString("0.000", c), p.Cost.ToString("0.000", c), p.MeasuredLoss.ToString("0.0000", c), p.Network.ToString(),
            }));
            if (fit is not null) writer.WriteLine(string.Create(c, $"surrogate on {fit.Count} held-out sub-networks: rank correlation {fit.Spearman:0.000}, relative error {fit.RelativeError:0.00%}"));
            writer.WriteLine($"next: flextron select {json.@out} --budget 0.5");
        });
    }

    private DynamicRouters Tokens(
        ElasticFamily family, StaticRouters routers, NetworkSelector selector, TokenCorpus text, TokenCorpus train, DecoderModel original, HeldOutLoss losses, CommandContext context)
    {
        (DecoderModel model, ElasticSpace space) = (family.Model, routers.Space);
        RoutingCosts costs = RoutingCosts.Of(selector.Latency!, space);
        // Where the smallest network is as good as the whole one there is nothing to choose by; the scale then only has to be a number.
        double range = Math.Max(1e-3, losses.Of(model, space.Smallest).Mean - losses.Of(model, space.Largest).Mean);
        var joint = new DynamicJointSettings();
        joint = joint with { Training = joint.Training with { Steps = context.Get(dynamicSteps), Seed = context.Seed } };
        DynamicRouters trained = DynamicJointTuning.Run(
            model, routers, share => selector.Select(costs.Target(share) * (1 + 1e-12), selector.Latency!, routers.Select(share)).SubNetwork, costs, text, train,
            new DynamicRouterSettings { Seed = context.Seed }, joint, range, original, progress: context, cancellation: context.Cancellation).Routers;
        family.AddTrainedSteps(joint.Training.Steps);
        return trained;
    }

    private static RoutingMethod ParseMethod(string name) => name switch
    {
        "surrogate" => RoutingMethod.Surrogate,
        "gumbel" => RoutingMethod.GumbelSoftmax,
        "straight-through" => RoutingMethod.StraightThrough,
        _ => throw new FlextronException($"There is no routing method \"{name}\": give --method surrogate, gumbel or straight-through."),
    };
}
