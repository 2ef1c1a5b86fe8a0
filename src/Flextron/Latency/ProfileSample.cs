using Flextron.Models;

namespace Flextron.Latency;

/// <summary>One timed pass while a table is measured: cut into parts, or whole for calibration.</summary>
internal sealed record ProfileSample(SubNetwork Network, PartsTiming? Parts, EndToEnd.WholeSample? Whole);
