namespace Flextron.Workbench.Experiments;

/// <summary>Names of what lies in a run's folder.</summary>
internal static class RunFiles
{
    public const string Settings = "settings.json";
    public const string Environment = "environment.json";
    public const string Provenance = "provenance.json";
    public const string Metrics = "metrics.jsonl";
    public const string Summary = "summary.json";
    public const string Observations = "observations.jsonl";
    public const string State = "state.json";
    public const string Log = "log.txt";
    public const string Report = "report.html";
    public const string Tables = "tables";
    public const string Figures = "figures";
    public const string Points = "points";
    public const string Checkpoints = "checkpoints";
}
