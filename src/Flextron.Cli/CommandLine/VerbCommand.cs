using System.CommandLine;

namespace Flextron.Cli.CommandLine;

/// <summary>One verb: its options are added in the constructor, its work is done in <see cref="Execute"/>.</summary>
internal abstract class VerbCommand : Command
{
    /// <summary>Names the verb.</summary>
    /// <param name="name">What is typed.</param>
    /// <param name="description">What it does, in one short sentence.</param>
    /// <param name="details">What else is worth knowing; empty for nothing.</param>
    /// <param name="examples">Real lines, without the program's name.</param>
    protected VerbCommand(string name, string description, string details, params string[] examples) : base(name, description)
    {
        Details = details;
        Examples = examples;
    }

    /// <summary>Sentences shown by <c>--help</c> before the examples.</summary>
    public string Details { get; }

    /// <summary>Lines shown by <c>--help</c>.</summary>
    public IReadOnlyList<string> Examples { get; }

    /// <summary>Whether it computes with libtorch, so that a missing library is said before anything is loaded.</summary>
    public virtual bool NeedsTorch => true;

    /// <summary>The end of the sentence that tells how to go on after Ctrl-C.</summary>
    public virtual string HowToGoOn => "nothing was written; run the same command again";

    /// <summary>Does the work.</summary>
    /// <exception cref="FlextronException">The user's input cannot be used.</exception>
    public abstract VerbResult Execute(CommandContext context);

    /// <summary>A number for JSON, which has none for what is unknown or without bound: null there.</summary>
    protected static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
