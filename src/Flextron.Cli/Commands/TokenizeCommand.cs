using Flextron.Cli.CommandLine;
using Flextron.Checkpoints;
using Flextron.Models;
using Flextron.Tokenization;

namespace Flextron.Cli.Commands;

/// <summary><c>tokenize</c>: the ids of a text.</summary>
internal sealed class TokenizeCommand : VerbCommand
{
    private readonly ModelArgument model = new();
    private readonly TextOption text = new();

    public TokenizeCommand() : base(
        "tokenize", "Shows the token ids of a text.", "What the tokenizer adds by itself, such as a beginning-of-sequence id, is included.",
        "tokenize my-model --text \"Once upon a time\"",
        "tokenize stories260K.bin --tokenizer tokenizer.bin --file story.txt --json")
    {
        model.AddTo(this);
        text.AddTo(this);
    }

    public override bool NeedsTorch => false;

    public override VerbResult Execute(CommandContext context)
    {
        string path = model.TokenizerPath(context), input = text.Read(context);
        Tokenizer tokenizer = TokenizerLoader.Load(path);
        int[] ids = tokenizer.Encode(input);
        if (Vocabulary(model.Path(context)) is int vocabulary) LoadedModel.Check(ids, vocabulary, path);
        string[] tokens = [.. ids.Select(tokenizer.TokenText)];
        return new VerbResult(
            new { ids, tokens, count = ids.Length, vocabulary = tokenizer.VocabularySize },
            writer => TextTable.Write(writer, ["id", "token"], ids.Zip(tokens, (id, token) => new[] { id.ToString(System.Globalization.CultureInfo.InvariantCulture), token })));
    }

    // A tokenizer can be looked at without a model; where there is one, its vocabulary must hold the ids.
    private static int? Vocabulary(string path)
    {
        try
        {
            return CheckpointLoader.ReadConfig(path).VocabularySize;
        }
        catch (FlextronException)
        {
            return null;
        }
    }
}
