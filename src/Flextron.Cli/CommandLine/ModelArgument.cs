using System.CommandLine;
using Flextron.Data;
using Flextron.MixtureOfDepths;
using Flextron.Selection;
using TorchSharp;

namespace Flextron.Cli.CommandLine;

/// <summary>The MODEL of a verb and the <c>--tokenizer</c> that goes with it.</summary>
internal sealed class ModelArgument
{
    private const string Embedded = "embedded";
    private readonly Argument<string?> model;
    private readonly Option<string?> tokenizer = new("--tokenizer")
    {
        Description = "Tokenizer file or folder, where it does not lie beside the model.", HelpName = "file",
    };

    /// <summary>Creates the pair.</summary>
    /// <param name="name">Name shown in help.</param>
    /// <param name="required">Whether it must be typed; otherwise the embedded base is used.</param>
    public ModelArgument(string name = "model", bool required = false)
    {
        // The default is said in words, because help would otherwise repeat it in the list of verbs.
        model = new Argument<string?>(name)
        {
            Description = "Hugging Face folder, elastic family folder, llama2.c .bin, or 'embedded' for the embedded base" + (required ? "." : " [default: embedded]."),
            Arity = required ? ArgumentArity.ExactlyOne : ArgumentArity.ZeroOrOne,
        };
    }

    /// <summary>Adds both to a verb.</summary>
    public ModelArgument AddTo(Command command)
    {
        command.Arguments.Add(model);
        command.Options.Add(tokenizer);
        return this;
    }

    /// <summary>Path of the model.</summary>
    /// <exception cref="FlextronException">The embedded base is asked for and not there.</exception>
    public string Path(CommandContext context) => Resolve(context.Get(model) ?? Embedded);

    /// <summary>A path as typed, or that of the embedded base.</summary>
    public static string Resolve(string path) => path == Embedded ? EmbeddedData.BaseModel : path;

    /// <summary>Where the tokenizer is: as given, else beside the model.</summary>
    public string TokenizerPath(CommandContext context)
    {
        if (context.Get(tokenizer) is string given) return given;
        string path = Path(context);
        if (Directory.Exists(path) || !File.Exists(path)) return path;
        bool isTokenizer = System.IO.Path.GetFileName(path) == "tokenizer.bin" || System.IO.Path.GetExtension(path) is ".json" or ".model";
        return isTokenizer ? path : System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
    }

    /// <summary>Loads the model.</summary>
    /// <param name="context">Holds what was typed.</param>
    /// <param name="dtype">Element type in place of the one asked for.</param>
    /// <param name="mixtures">Whether the verb knows what to do with a Mixture-of-Depths model.</param>
    /// <exception cref="FlextronException">It cannot be loaded, or is a Mixture-of-Depths model, which would run as something it is not.</exception>
    public LoadedModel Load(CommandContext context, torch.ScalarType? dtype = null, bool mixtures = false)
    {
        string path = Path(context);
        if (!mixtures && MixtureModel.IsAt(path))
            throw new FlextronException($"{path} is a Mixture-of-Depths model, which this verb would run as a dense one: generate, score, evaluate, export, mod and profile --decode take it; remove {MixtureModel.SettingsName} from a copy to use the network without its routers.");
        FamilyBundle bundle = FamilyBundle.Load(path, null, dtype ?? context.Dtype, context.Device);
        try
        {
            return new LoadedModel(bundle, TokenizerPath(context)) { Mixture = MixtureModel.IsAt(path) ? MixtureModel.Load(path, bundle.Family.Model) : null };
        }
        catch
        {
            bundle.Dispose();
            throw;
        }
    }
}
