using Flextron.Training;

namespace Flextron.Workbench.Studies;

/// <summary>Held-out loss of a residual width and depth, the kept blocks whole, before and after joint training.</summary>
/// <param name="Width">Channels of the residual stream.</param>
/// <param name="Depth">Blocks.</param>
/// <param name="Parameters">Of that network.</param>
/// <param name="Before">Before training.</param>
/// <param name="After">After training.</param>
public sealed record FrameOutcome(int Width, int Depth, long Parameters, LossEstimate Before, LossEstimate After);
