using Flextron.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Latency;

/// <summary>Everything that a measured latency depends on; a table is used only where all of it is the same.</summary>
public sealed record LatencyKey
{
    /// <summary>The engine that runs a model unless something else is said.</summary>
    public const string Libtorch = "libtorch";

    /// <summary><c>cpu</c> or <c>cuda</c>.</summary>
    public required string Device { get; init; }

    /// <summary>Processor or accelerator model.</summary>
    public required string DeviceName { get; init; }

    /// <summary>Element type of the weights.</summary>
    public required ScalarType Dtype { get; init; }

    /// <summary>Threads that libtorch uses inside an operator; of another engine, those that it may use.</summary>
    public required int Threads { get; init; }

    /// <summary>What executes the model: <c>libtorch</c>, or another engine's name.</summary>
    public string Engine { get; init; } = Libtorch;

    /// <summary>What was run.</summary>
    public required LatencyWorkload Workload { get; init; }

    /// <summary>The model's numbers that decide how much there is to compute.</summary>
    public required LatencyModelShape Model { get; init; }

    /// <summary>The key of a model on this machine, now.</summary>
    /// <param name="model">The model.</param>
    /// <param name="workload">What is run.</param>
    /// <param name="engine">What runs it.</param>
    public static LatencyKey Of(DecoderModel model, LatencyWorkload workload, string engine = Libtorch)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new LatencyKey
        {
            Device = model.Device.type == DeviceType.CUDA ? "cuda" : model.Device.type.ToString().ToLowerInvariant(),
            DeviceName = DeviceNames.Of(model.Device),
            Dtype = model.Weights.Flat.dtype,
            Threads = engine == Libtorch ? get_num_threads() : Environment.ProcessorCount,
            Engine = engine,
            Workload = workload,
            Model = LatencyModelShape.Of(model.Config),
        };
    }

    /// <summary>This key as it would be for a model on this machine, now: what it was measured for (workload, engine) is taken over.</summary>
    public LatencyKey Here(DecoderModel model) => Of(model, Workload, Engine);

    /// <summary>What differs from another key, in words; null where nothing does.</summary>
    public string? DifferenceTo(LatencyKey current)
    {
        ArgumentNullException.ThrowIfNull(current);
        return new (string What, object Mine, object Now)[]
        {
            ("device", Device, current.Device),
            ("device model", DeviceName, current.DeviceName),
            ("dtype", Dtype, current.Dtype),
            ("model shape", Model, current.Model),
            ("thread count", Threads, current.Threads),
            ("engine", Engine, current.Engine),
            ("workload", Workload, current.Workload),
        }.Where(p => !p.Mine.Equals(p.Now)).Select(p => $"{p.What} {p.Mine}, now {p.Now}").FirstOrDefault();
    }
}
