using System.CommandLine;
using Flextron.Progress;
using Flextron.Workbench.Display;
using Flextron.Workbench.Experiments;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Cli.CommandLine;

/// <summary>What a verb works with: its parsed options, the global ones, progress, and a request to stop.</summary>
internal sealed class CommandContext(
    ParseResult parse, CommandLineOptions options, TextReader input, TextWriter output, IProgressDisplay display, CancellationToken cancellation) : IProgress<StageProgress>
{
    /// <summary>Whether one JSON object is wanted on standard output, and nothing else.</summary>
    public bool Json => parse.GetValue(options.Json);

    /// <summary>Seed of everything random.</summary>
    public long Seed => parse.GetValue(options.Seed);

    /// <summary>Where to compute.</summary>
    /// <exception cref="FlextronException">Unknown, or not available here.</exception>
    public Device Device => CommandLineOptions.ParseDevice(parse.GetValue(options.Device)!);

    /// <summary>Element type of weights.</summary>
    /// <exception cref="FlextronException">Unknown.</exception>
    public ScalarType Dtype => CommandLineOptions.ParseDtype(parse.GetValue(options.Dtype)!);

    /// <summary>Requests to stop; verbs that report progress are stopped there without looking at it.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>Standard input, for what is typed while the program runs.</summary>
    public TextReader Input => input;

    /// <summary>Standard output, for text that is shown while it is made. Null with <c>--json</c>.</summary>
    public TextWriter? Stream => Json ? null : output;

    /// <summary>An option's value.</summary>
    public T Get<T>(Option<T> option) => parse.GetValue(option)!;

    /// <summary>An argument's value.</summary>
    public T Get<T>(Argument<T> argument) => parse.GetValue(argument)!;

    /// <summary>Whether an option was typed rather than left at its default.</summary>
    public bool Given(Option option) => parse.GetResult(option) is { Implicit: false };

    /// <summary>How an experiment is run for this command.</summary>
    /// <param name="command">What was typed, shown after an interruption as the way to go on.</param>
    public RunOptions RunOptions(string command) => new() { Display = display, Cancellation = cancellation, ContinueCommand = $"flextron {command}" };

    /// <summary>Refuses what experiments do not offer yet.</summary>
    /// <exception cref="FlextronException">Another device or dtype was asked for.</exception>
    public void RequireCpuFloat32()
    {
        if (Device.type != DeviceType.CPU || Dtype != ScalarType.Float32)
            throw new FlextronException("Experiments run on the CPU in float32: leave --device and --dtype out, or drive the stages one by one with their own verbs.");
    }

    /// <summary>One line on standard error.</summary>
    public void Message(string text) => display.Message(text);

    /// <summary>Shows progress; throws where the user has asked to stop.</summary>
    public void Report(StageProgress value)
    {
        display.Report(value);
        cancellation.ThrowIfCancellationRequested();
    }
}
