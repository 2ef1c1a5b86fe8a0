using System.Text.Json;
using System.Text.Json.Nodes;
using Flextron.Storage;

namespace Flextron.Evaluation;

/// <summary>
/// Results on disk: a JSON file with one object per task and budget, and beside it <c>NAME.documents.jsonl</c> with one line per document, from
/// which two files are compared document by document.
/// </summary>
public static class EvaluationFile
{
    /// <summary>Writes both files, each atomically.</summary>
    /// <exception cref="FlextronException">They cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<BudgetResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        AtomicFile.Write(DocumentsOf(path), stream =>
        {
            foreach (BudgetResult result in results)
            {
                foreach (DocumentResult document in result.Result.Documents)
                {
                    JsonSerializer.Serialize(stream, new DocumentLine(result.Result.Task, result.Budget, document), FlextronJson.Compact);
                    stream.WriteByte((byte)'\n');
                }
            }
        });
        FlextronJson.WriteFile(path, new { results = results.Select(Node) });
    }

    /// <summary>A result with its budget as a JSON object.</summary>
    public static JsonNode Node(BudgetResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        JsonNode node = JsonSerializer.SerializeToNode(result.Result, FlextronJson.Compact)!;
        node["budget"] = result.Budget;
        return node;
    }

    /// <summary>Reads both files.</summary>
    /// <exception cref="FlextronException">One is missing, is not such a file, or does not belong to the other.</exception>
    public static IReadOnlyList<BudgetResult> Read(string path)
    {
        JsonObject root = FlextronJson.ReadFile<JsonObject>(path, "file of evaluation results");
        string documents = DocumentsOf(path);
        if (!File.Exists(documents)) throw new FlextronException($"There is no {documents} beside {path}: documents are compared one by one, so keep the two files together.");
        try
        {
            ILookup<(string, string), DocumentResult> lines = File.ReadLines(documents).Where(line => line.Length > 0)
                .Select(line => JsonSerializer.Deserialize<DocumentLine>(line, FlextronJson.Compact) ?? throw new JsonException("a line is empty"))
                .ToLookup(line => (line.Task, line.Budget), line => line.Outcome);
            return [.. (root["results"] as JsonArray ?? throw new JsonException("there is no list of results")).Select(node =>
            {
                string budget = node?["budget"]?.GetValue<string>() ?? throw new JsonException("a result has no budget");
                TaskResult result = node.Deserialize<TaskResult>(FlextronJson.Compact)!;
                result = result with { Documents = [.. lines[(result.Task, budget)]] };
                double sum = result.Documents.Sum(document => document.LogProbabilities.Sum());
                if (!(Math.Abs(sum - result.LogprobSum) <= 1e-6 * Math.Abs(result.LogprobSum)))
                    throw new FlextronException($"{path}: the documents beside it are of another evaluation ({result.Task} at {budget} does not add up): keep the two files of one run together.");
                return new BudgetResult(budget, result);
            })];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new FlextronException($"{path} and the documents beside it are not evaluation results: {e.Message} Write them again with `flextron evaluate … --out {Path.GetFileName(path)}`.", e);
        }
    }

    // What is not the extension of JSON belongs to the name: run.1 and run.2 are two evaluations.
    private static string DocumentsOf(string path) =>
        (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? path[..^".json".Length] : path) + ".documents.jsonl";

    private sealed record DocumentLine(string Task, string Budget, DocumentResult Outcome);
}
