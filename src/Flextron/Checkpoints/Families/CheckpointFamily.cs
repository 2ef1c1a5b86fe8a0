using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flextron.Models;

namespace Flextron.Checkpoints.Families;

/// <summary>
/// One family of Hugging Face checkpoints: the only place that knows how its configuration and its tensors are named and laid out. What the family
/// computes is said by the <see cref="DecoderArchitecture"/> of the configurations that it reads.
/// </summary>
internal abstract class CheckpointFamily
{
    private static readonly (string Text, ActivationKind Value)[] Activations =
    [
        ("silu", ActivationKind.Silu), ("swish", ActivationKind.Silu), ("gelu", ActivationKind.Gelu), ("gelu_new", ActivationKind.GeluTanh),
        ("gelu_fast", ActivationKind.GeluTanh), ("gelu_pytorch_tanh", ActivationKind.GeluTanh), ("relu", ActivationKind.Relu),
    ];

    /// <summary>Every family that can be read and written.</summary>
    public static IReadOnlyList<CheckpointFamily> All { get; } =
    [
        new LlamaFamily(), new MistralFamily(), new Qwen2Family(), new Qwen3Family(), new Gpt2Family(), new GptNeoXFamily(),
        new SmolLM3Family(), new Phi3Family(), new StableLmFamily(), new Starcoder2Family(), new GraniteFamily(),
    ];

    /// <summary>The configuration's <c>model_type</c>, which is also <see cref="ModelConfig.Family"/>.</summary>
    public abstract string Name { get; }

    /// <summary>The class that transformers opens such checkpoints with.</summary>
    public abstract string ClassName { get; }

    /// <summary>Name of the token embedding.</summary>
    public abstract string EmbeddingName { get; }

    /// <summary>Name of the output head; of a tied model it may stand for the embedding.</summary>
    public abstract string HeadName { get; }

    /// <summary>Tensors that older versions stored although they follow from the configuration.</summary>
    public abstract Regex Derived { get; }

    /// <summary>What the names begin with, where some checkpoints leave it out.</summary>
    public virtual string? OptionalPrefix => null;

    /// <summary>Reads the shape; the caller validates it.</summary>
    /// <exception cref="FlextronException">A field is missing, or says something that is not computed.</exception>
    public abstract ModelConfig Read(ConfigFields fields);

    /// <summary>The fields that the family's configuration has beside those of every family.</summary>
    public abstract JsonObject Write(ModelConfig config);

    /// <summary>Every tensor but embedding and head.</summary>
    public abstract IEnumerable<StoredTensor> Tensors(ModelConfig config);

    /// <summary>The family of a name.</summary>
    /// <exception cref="FlextronException">There is none; the message lists those there are.</exception>
    public static CheckpointFamily Of(string? name, string source) =>
        All.FirstOrDefault(f => f.Name == name)
        ?? throw new FlextronException($"{source}: model_type {ConfigFields.Shown(name)} is not supported; supported are {string.Join(", ", All.Select(f => f.Name))}.");

    /// <summary>A non-linearity by its name.</summary>
    protected static ActivationKind Activation(ConfigFields fields, string name, string absent) => fields.Choice(name, absent, Activations);

    /// <summary>The name of a non-linearity.</summary>
    protected static string NameOf(ActivationKind activation) => Activations.First(a => a.Value == activation).Text;

    /// <summary>The ids of beginning and end, as every family has them.</summary>
    /// <param name="config">The rest of the model.</param>
    /// <param name="fields">Its configuration.</param>
    /// <param name="generation">The folder's <c>generation_config.json</c>, which may know of more ends.</param>
    public static ModelConfig WithTokenIds(ModelConfig config, ConfigFields fields, ConfigFields? generation)
    {
        IReadOnlyList<int> begin = fields.TokenIds("bos_token_id", config.VocabularySize), end = fields.TokenIds("eos_token_id", config.VocabularySize);
        int[] ends = [.. end.Concat(generation?.TokenIds("eos_token_id", config.VocabularySize) ?? []).Distinct()];
        return config with
        {
            BosId = begin.Count > 0 ? begin[0] : null,
            EosId = ends.Length > 0 ? ends[0] : null,
            OtherEosIds = ends.Length > 1 ? new TokenIdList([.. ends[1..]]) : null,
        };
    }

    /// <summary>The head size that follows from width and number of heads.</summary>
    /// <exception cref="FlextronException">It is not a whole number.</exception>
    protected static int HeadSize(ConfigFields fields, string hidden, string heads, bool explicitly)
    {
        (int width, int count) = (fields.Integer(hidden), fields.Integer(heads));
        if (count <= 0 || width % count != 0)
            throw new FlextronException(
                $"{fields.Path}: {hidden} {width} cannot be split among {heads} {count}{(explicitly ? ", and there is no head_dim" : "")}; correct one of them.");
        return width / count;
    }
}
