using System.CommandLine;
using Flextron.Data;

namespace Flextron.Cli.CommandLine;

/// <summary>A text given as <c>--corpus</c>, and the field that holds it.</summary>
internal sealed class CorpusOption
{
    private readonly Option<string?> corpus;
    private readonly Option<string> field = new("--text-field")
    {
        Description = "Field of .jsonl and .parquet rows that holds the text.", HelpName = "name", DefaultValueFactory = _ => TextCorpus.DefaultField,
    };

    /// <summary>Creates the pair.</summary>
    /// <param name="what">What the text is for, as the beginning of a sentence.</param>
    /// <param name="required">Whether it must be given.</param>
    public CorpusOption(string what, bool required = true) => corpus = new Option<string?>("--corpus")
    {
        Description = $"{what}: a text, .jsonl or .parquet file, a folder of them, or a pattern in quotes.", HelpName = "path", Required = required,
    };

    /// <summary>Adds both to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(corpus);
        command.Options.Add(field);
    }

    /// <summary>The path as typed, or null.</summary>
    public string? Path(CommandContext context) => context.Get(corpus);

    /// <summary>The text.</summary>
    /// <param name="context">Holds what was typed.</param>
    /// <param name="path">A path in place of the one typed.</param>
    /// <exception cref="FlextronException">There is no such file.</exception>
    public DocumentSource Open(CommandContext context, string? path = null) => TextCorpus.Open(path ?? Path(context)!, context.Get(field));
}
