namespace Flextron.Data.Datasets;

/// <summary>How patient a download is.</summary>
public sealed record DownloadOptions
{
    /// <summary>Attempts per address before it is given up; each goes on where the last one ended, if the server can.</summary>
    public int Attempts { get; init; } = 4;

    /// <summary>Pause before the second attempt; doubled before each further one.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long to wait for a connection, an answer, or the next bytes.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Redirections followed.</summary>
    public int Redirects { get; init; } = 10;

    /// <summary>Largest file where the manifest does not state the size.</summary>
    public long LargestBytes { get; init; } = 8L << 30;
}
