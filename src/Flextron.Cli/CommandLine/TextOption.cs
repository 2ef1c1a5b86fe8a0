using System.CommandLine;

namespace Flextron.Cli.CommandLine;

/// <summary>A text given on the command line or as a file.</summary>
internal sealed class TextOption
{
    private readonly Option<string?> text = new("--text") { Description = "The text.", HelpName = "text" };
    private readonly Option<string?> file = new("--file") { Description = "A UTF-8 text file in its place.", HelpName = "file" };

    /// <summary>Adds both options to a verb.</summary>
    public TextOption AddTo(Command command)
    {
        command.Options.Add(text);
        command.Options.Add(file);
        return this;
    }

    /// <summary>The text.</summary>
    /// <exception cref="FlextronException">Neither or both were given, or the file cannot be read.</exception>
    public string Read(CommandContext context)
    {
        (string? given, string? path) = (context.Get(text), context.Get(file));
        if (given is null == path is null) throw new FlextronException("Give the text either with --text or with --file.");
        if (path is null) return given!;
        if (!File.Exists(path)) throw new FlextronException($"There is no file {path}: check the path.");
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"{path} cannot be read: {e.Message}", e);
        }
    }
}
