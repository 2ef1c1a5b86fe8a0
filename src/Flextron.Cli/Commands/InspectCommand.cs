using System.Globalization;
using Flextron.Checkpoints;
using Flextron.Cli.CommandLine;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.MixtureOfDepths;
using Flextron.Models;
using Flextron.Tokenization;

namespace Flextron.Cli.Commands;

/// <summary><c>inspect</c>: what a model is and how narrow it may become. Nothing but headers is read, so that large models are shown at once.</summary>
internal sealed class InspectCommand : VerbCommand
{
    private static readonly double[] Shares = [1, 0.75, 0.5, 0.25];
    private readonly ModelArgument model = new();

    public InspectCommand() : base(
        "inspect", "Shows a model's family, shape, parts, tokenizer and legal widths, and the memory of sub-networks.",
        "Weights are counted in --dtype; the KV cache is that of one full context.",
        "inspect my-model",
        "inspect my-family --dtype bfloat16 --json") => model.AddTo(this);

    public override VerbResult Execute(CommandContext context)
    {
        string path = model.Path(context);
        ModelConfig config = CheckpointLoader.ReadConfig(path);
        (ElasticSpace space, FamilyManifest? manifest) = ElasticFamily.Describe(path, config);
        (IReadOnlyList<string> stored, long storedBytes) = CheckpointLoader.ReadStorage(path);
        MixtureSettings? mixture = MixtureModel.IsAt(path) ? MixtureModel.ReadSettings(path) : null;
        DecoderArchitecture architecture = config.Architecture;
        (Tokenizer? tokenizer, string? tokenizerProblem) = FindTokenizer(model.TokenizerPath(context));
        InspectedBudget[] budgets = [.. Budgets(config, space, context.Dtype == TorchSharp.torch.ScalarType.Float32 ? 4 : 2)];
        var json = new
        {
            family = config.Family, parameters = DecoderWeights.CountParameters(config), blocks = config.BlockCount, hiddenSize = config.HiddenSize,
            heads = config.HeadCount, kvGroups = config.KvGroupCount, headSize = config.HeadSize, neurons = config.NeuronCount,
            vocabulary = config.VocabularySize, tied = config.TiedEmbeddings, contextLength = config.ContextLength,
            normEpsilon = config.NormEpsilon, ropeTheta = architecture.LearnedPositions ? (double?)null : config.RopeTheta, rotarySize = config.RotarySize,
            bosId = config.BosId, eosId = config.EosId, otherEosIds = config.OtherEosIds?.Ids, architecture, unwindowedBlocks = config.UnwindowedBlocks?.Flags, unrotatedBlocks = config.UnrotatedBlocks?.Flags, mixers = config.Mixers?.Kinds, skipLayer = config.SkipLayer,
            mixture = mixture is null ? null : new { routedBlocks = mixture.RoutedBlocks(config.BlockCount), mixture.Capacity, mixture.Gate, mixture.Sampler },
            parts = DecoderWeights.CountParts(config).ToDictionary(p => p.Name, p => p.Count), stored, storedBytes,
            tokenizer = tokenizer is null ? null : new { kind = tokenizer.Kind, vocabulary = tokenizer.VocabularySize }, tokenizerProblem,
            dtype = CommandLineOptions.NameOf(context.Dtype), elastic = manifest is not null, manifest,
            choices = new { kvGroups = space.KvGroups, neurons = space.Neurons, widths = space.Widths, depths = space.Depths }, blockRanking = space.BlockRanking, subNetworks = space.Size, budgets,
        };
        return new VerbResult(json, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            writer.WriteLine(string.Create(c, $"{config.Family}: {json.parameters:N0} parameters, {config.BlockCount} blocks, hidden size {config.HiddenSize}, vocabulary {config.VocabularySize}, context {config.ContextLength}"));
            writer.WriteLine(string.Create(c, $"{config.HeadCount} heads of size {config.HeadSize} in {config.KvGroupCount} key/value groups, {config.NeuronCount} neurons, {(config.TiedEmbeddings ? "tied" : "untied")} embeddings"));
            writer.WriteLine(Describe(config));
            if (mixture is not null)
                writer.WriteLine(string.Create(c, $"Mixture-of-Depths: {mixture.Capacity:0.##%} of the tokens pass the blocks {string.Join(", ", json.mixture!.routedBlocks)}; generation decides by the {(mixture.Sampler == CausalSampler.Predictor ? "predictors" : "routers' own logits")}"));
            writer.WriteLine($"parts: {string.Join(", ", json.parts.Select(p => string.Create(c, $"{p.Key} {p.Value:N0}")))}");
            writer.WriteLine(string.Create(c, $"stored as {string.Join(", ", stored)}, {storedBytes / 1e6:0.00} MB; {(tokenizer is null ? "no tokenizer" : string.Create(c, $"tokenizer: {tokenizer.Kind}, {tokenizer.VocabularySize} ids"))}"));
            if (tokenizerProblem is not null) writer.WriteLine(tokenizerProblem);
            writer.WriteLine(manifest is { } m ? string.Create(c, $"elastic family, {m.TrainedSteps} joint training steps") : "not made elastic yet: default widths over its parts in their own order");
            writer.WriteLine($"groups {string.Join(' ', space.KvGroups)}; neurons {string.Join(' ', space.Neurons)}; {space.Size.ToString("0.###e+0", c)} sub-networks");
            if (space.Widths is { } widths) writer.WriteLine($"residual widths {string.Join(' ', widths)}");
            if (space.Depths is { } depths) writer.WriteLine($"depths {string.Join(' ', depths)}; blocks, most needed first: {string.Join(' ', space.BlockRanking!)}");
            writer.WriteLine();
            TextTable.Write(writer, ["budget", "groups", "neurons", "parameters", "weights MB", "cache MB"], budgets.Select(b => new[]
            {
                b.Budget, b.KvGroups.ToString(c), b.Neurons.ToString(c), b.Parameters.ToString("N0", c),
                (b.Bytes / 1e6).ToString("0.00", c), (b.CacheBytes / 1e6).ToString("0.00", c),
            }));
        });
    }

    private static IEnumerable<InspectedBudget> Budgets(ModelConfig config, ElasticSpace space, int bytesPerElement)
    {
        ICostTable parameters = AnalyticCosts.Parameters(config), weights = AnalyticCosts.WeightAndCacheBytes(config, bytesPerElement, 0, 0);
        ICostTable withCache = AnalyticCosts.WeightAndCacheBytes(config, bytesPerElement, 1, config.ContextLength);
        BlockShape whole = space.Largest.Blocks[0];
        var uniform = Shares.Select(share => (Name: string.Create(CultureInfo.InvariantCulture, $"uniform:{share}"), Network: space.Uniform(share)));
        var framed = space.Frames.Skip(1).Select(f => (Name: string.Create(CultureInfo.InvariantCulture, $"width {f.Width ?? config.HiddenSize}, {f.Depth} blocks"), Network: space.Within(f, _ => whole)));
        foreach ((string name, SubNetwork network) in uniform.Concat(framed))
        {
            yield return new InspectedBudget(
                name, network.Blocks.Max(b => b.KvGroups), network.Blocks.Max(b => b.Neurons), network.Width ?? config.HiddenSize, network.Depth,
                (long)parameters.Cost(network), (long)weights.Cost(network), (long)(withCache.Cost(network) - weights.Cost(network)));
        }
    }

    private static string Describe(ModelConfig config)
    {
        CultureInfo c = CultureInfo.InvariantCulture;
        DecoderArchitecture a = config.Architecture;
        string scaling = a.RopeScaling is { } s ? string.Create(c, $", {s.Kind.ToString().ToLowerInvariant()} scaling by {s.Factor}") : "";
        string[] biases = [.. new[] { (a.QueryKeyValueBias, "query, key, value"), (a.OutputBias, "output"), (a.MlpBias, "MLP") }.Where(b => b.Item1).Select(b => b.Item2)];
        string?[] facts =
        [
            a.Norm == NormKind.Layer ? "layer norms" : "RMS norms",
            a.LearnedPositions ? "learned positions" : string.Create(c, $"rotary positions on {config.RotarySize} of {config.HeadSize} elements, base {config.RopeTheta}{scaling}"),
            $"{(a.GatedMlp ? "gated" : "plain")} MLP with {a.Activation}",
            biases.Length == 0 ? "no biases" : $"biases on {string.Join(", ", biases)}",
            a.QueryKeyNorm ? "norms on queries and keys" : null,
            a.ParallelResidual ? "attention and MLP in parallel" : null,
            config.Mixers is { } mixers ? $"blocks that mix by {mixers}" : null,
            config.SkipLayer is { } skip ? string.Create(c, $"skip-layer attention of {skip.Groups} groups, {skip.Distance} blocks back") : null,
            a.SlidingWindow is { } window ? string.Create(c, $"a sliding window of {window} tokens{(config.UnwindowedBlocks is { } whole ? $" but in blocks {whole}" : "")}") : null,
            a.EmbeddingFactor is { } embedding ? string.Create(c, $"embeddings times {embedding}") : null,
            a.AttentionScale is { } scale ? string.Create(c, $"attention scaled by {scale}") : null,
            a.ResidualFactor is { } residual ? string.Create(c, $"updates times {residual}") : null,
            a.LogitDivisor is { } divisor ? string.Create(c, $"logits divided by {divisor}") : null,
            config.UnrotatedBlocks is { } unrotated ? $"no positions in blocks {unrotated}" : null,
        ];
        return string.Join("; ", facts.Where(f => f is not null));
    }

    // A model can be looked at without its tokenizer.
    private static (Tokenizer? Tokenizer, string? Problem) FindTokenizer(string path)
    {
        try
        {
            return (TokenizerLoader.Load(path), null);
        }
        catch (FlextronException e)
        {
            return (null, e.Message);
        }
    }

    private sealed record InspectedBudget(string Budget, int KvGroups, int Neurons, int Width, int Depth, long Parameters, long Bytes, long CacheBytes);
}
