namespace Flextron.Cli.CommandLine;

/// <summary>What a verb has to say: an object for <c>--json</c>, text otherwise.</summary>
/// <param name="Json">Serialised as the one object on standard output.</param>
/// <param name="Text">Writes the same for people.</param>
/// <param name="ExitCode">0 where all is well.</param>
internal sealed record VerbResult(object Json, Action<TextWriter> Text, int ExitCode = 0);
