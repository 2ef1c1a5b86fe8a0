using Flextron.Training;

namespace Flextron.Workbench.TransferComparisons;

/// <summary>A measurement along a training.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Flops">Operations of training done; see <see cref="StepFlops"/>.</param>
/// <param name="Seconds">Spent in steps, measurements not counted; not comparable between arms unless the machine was quiet.</param>
/// <param name="HeldOut">Held-out loss.</param>
internal sealed record TransferPoint(int Step, double Flops, double Seconds, LossEstimate HeldOut)
{
    public double Of(TransferCost cost) => cost switch
    {
        TransferCost.Steps => Step,
        TransferCost.Operations => Flops,
        _ => Seconds,
    };
}
