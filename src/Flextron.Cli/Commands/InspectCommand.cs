using System.Globalization;
using Flextron.Cli.CommandLine;
using Flextron.Elastic;
using Flextron.Latency;
using Flextron.Models;

namespace Flextron.Cli.Commands;

/// <summary><c>inspect</c>: what a model is and how narrow it may become.</summary>
internal sealed class InspectCommand : VerbCommand
{
    private static readonly double[] Shares = [1, 0.75, 0.5, 0.25];
    private readonly ModelArgument model = new();

    public InspectCommand() : base(
        "inspect", "Shows a model's shape, its legal widths, and the memory of sub-networks.",
        "Weights are counted in --dtype; the KV cache is that of one full context.",
        "inspect my-model",
        "inspect my-family --dtype bfloat16 --json") => model.AddTo(this);

    public override VerbResult Execute(CommandContext context)
    {
        using LoadedModel loaded = model.Load(context);
        ElasticFamily family = loaded.Family;
        ModelConfig config = family.Model.Config;
        ElasticSpace space = family.Space;
        int size = context.Dtype == TorchSharp.torch.ScalarType.Float32 ? 4 : 2;
        ICostTable parameters = AnalyticCosts.Parameters(config), weights = AnalyticCosts.WeightAndCacheBytes(config, size, 0, 0);
        ICostTable withCache = AnalyticCosts.WeightAndCacheBytes(config, size, 1, config.ContextLength);
        var uniform = Shares.Select(share => (Name: string.Create(CultureInfo.InvariantCulture, $"uniform:{share}"), Network: space.Uniform(share)));
        var whole = space.Largest.Blocks[0];
        var framed = space.Frames.Skip(1).Select(f => (Name: string.Create(CultureInfo.InvariantCulture, $"width {f.Width ?? config.HiddenSize}, {f.Depth} blocks"), Network: space.Within(f, _ => whole)));
        var budgets = uniform.Concat(framed).Select(row =>
        {
            (string name, SubNetwork network) = row;
            return new
            {
                budget = name,
                kvGroups = network.Blocks.Max(b => b.KvGroups),
                neurons = network.Blocks.Max(b => b.Neurons),
                width = network.Width ?? config.HiddenSize,
                depth = network.Depth,
                parameters = (long)parameters.Cost(network),
                bytes = (long)weights.Cost(network),
                cacheBytes = (long)(withCache.Cost(network) - weights.Cost(network)),
            };
        }).ToArray();
        var json = new
        {
            family = config.Family, parameters = family.Model.Weights.ParameterCount, blocks = config.BlockCount, hiddenSize = config.HiddenSize,
            heads = config.HeadCount, kvGroups = config.KvGroupCount, headSize = config.HeadSize, neurons = config.NeuronCount,
            vocabulary = config.VocabularySize, tied = config.TiedEmbeddings, contextLength = config.ContextLength,
            normEpsilon = config.NormEpsilon, ropeTheta = config.RopeTheta, bosId = config.BosId, eosId = config.EosId,
            mixers = config.Mixers?.Kinds, dtype = CommandLineOptions.NameOf(context.Dtype), elastic = family.Manifest is not null, manifest = family.Manifest,
            choices = new { kvGroups = space.KvGroups, neurons = space.Neurons, widths = space.Widths, depths = space.Depths }, blockRanking = space.BlockRanking, subNetworks = space.Size, budgets,
        };
        return new VerbResult(json, writer =>
        {
            CultureInfo c = CultureInfo.InvariantCulture;
            writer.WriteLine(string.Create(c, $"{config.Family}: {json.parameters:N0} parameters, {config.BlockCount} blocks, hidden size {config.HiddenSize}, vocabulary {config.VocabularySize}, context {config.ContextLength}"));
            writer.WriteLine(string.Create(c, $"{config.HeadCount} heads of size {config.HeadSize} in {config.KvGroupCount} key/value groups, {config.NeuronCount} neurons, {(config.TiedEmbeddings ? "tied" : "untied")} embeddings"));
            if (config.Mixers is { } mixers) writer.WriteLine($"blocks: {mixers}");
            writer.WriteLine(family.Manifest is { } m ? string.Create(c, $"elastic family, {m.TrainedSteps} joint training steps") : "not made elastic yet: default widths over its parts in their own order");
            writer.WriteLine($"groups {string.Join(' ', space.KvGroups)}; neurons {string.Join(' ', space.Neurons)}; {space.Size.ToString("0.###e+0", c)} sub-networks");
            if (space.Widths is { } widths) writer.WriteLine($"residual widths {string.Join(' ', widths)}");
            if (space.Depths is { } depths) writer.WriteLine($"depths {string.Join(' ', depths)}; blocks, most needed first: {string.Join(' ', space.BlockRanking!)}");
            writer.WriteLine();
            TextTable.Write(writer, ["budget", "groups", "neurons", "parameters", "weights MB", "cache MB"], budgets.Select(b => new[]
            {
                b.budget, b.kvGroups.ToString(c), b.neurons.ToString(c), b.parameters.ToString("N0", c),
                (b.bytes / 1e6).ToString("0.00", c), (b.cacheBytes / 1e6).ToString("0.00", c),
            }));
        });
    }
}
