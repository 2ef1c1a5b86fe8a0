namespace Flextron.CrossArchitecture;

/// <summary>What <c>transfer.json</c> beside a transferred model says: where it came from, and which of its weights training may keep frozen at first.</summary>
/// <param name="Format">Version of this file.</param>
/// <param name="Source">SHA-256 of the pretrained checkpoint.</param>
/// <param name="Settings">How it was transferred.</param>
/// <param name="Transferred">Names of the tensors taken over.</param>
public sealed record TransferRecord(int Format, string Source, TransferSettings Settings, IReadOnlyList<string> Transferred)
{
    /// <summary>The version written now.</summary>
    public const int CurrentFormat = 1;

    /// <summary>The file's name inside a model's folder.</summary>
    public const string FileName = "transfer.json";
}
