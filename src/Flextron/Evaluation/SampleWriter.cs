using System.Text.Json;
using Flextron.Evaluation.Tasks;
using Flextron.Storage;

namespace Flextron.Evaluation;

/// <summary>Writes every document's outcome as a line of JSON, for a look at single cases.</summary>
public static class SampleWriter
{
    /// <summary>Writes a file, atomically: one object per document with the fields of <see cref="DocumentResult"/> and the task's name.</summary>
    /// <param name="path">The target.</param>
    /// <param name="result">The scores.</param>
    /// <param name="documents">Their documents to add the prompts, or null to leave those out (few-shot prompts are long).</param>
    /// <exception cref="FlextronException">The file cannot be written.</exception>
    public static void Write(string path, TaskResult result, IReadOnlyList<EvaluationDocument>? documents = null)
    {
        ArgumentNullException.ThrowIfNull(result);
        AtomicFile.Write(path, stream =>
        {
            for (int i = 0; i < result.Documents.Count; i++)
            {
                JsonSerializer.Serialize(stream, new SampleRecord(result.Task, result.Documents[i], documents?[i].Requests), FlextronJson.Compact);
                stream.WriteByte((byte)'\n');
            }
        });
    }

    private sealed record SampleRecord(string Task, DocumentResult Outcome, IReadOnlyList<EvaluationRequest>? Requests);
}
