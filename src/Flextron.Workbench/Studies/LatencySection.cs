using System.Globalization;
using Flextron.Latency;
using Flextron.Workbench.Reports;

namespace Flextron.Workbench.Studies;

/// <summary>What a report says about the latency table that its numbers rest on.</summary>
internal static class LatencySection
{
    /// <summary>Adds the workload, the table's error on held-out sub-networks, and the figure of it.</summary>
    /// <param name="report">The report.</param>
    /// <param name="table">A table that was checked on held-out sub-networks.</param>
    public static void Write(ReportDocument report, LatencyTable table)
    {
        HonestyReport honesty = table.HeldOut!;
        report.Heading("Latency table").Text(string.Create(CultureInfo.InvariantCulture,
            $"Workload: {MethodFigures.Workload(table.Key.Workload)}. On {honesty.Pairs.Count} held-out sub-networks, at the machine's speed by the whole network run in between ({honesty.Slowdown:0.00} times the table's time), the table is off by {honesty.MedianError:0.0%} (median) and {honesty.Error95:0.0%} (95th percentile); rank correlation {honesty.Spearman:0.000}."));
        report.Figure(MethodFigures.Honesty(honesty), "latency-honesty");
    }
}
