namespace Flextron.Planning;

/// <summary>The batch to serve.</summary>
/// <param name="Network">Which network serves it; null where none of the requests can be served.</param>
/// <param name="Requests">Which requests, in the order they were given.</param>
/// <param name="Value">What they are worth together.</param>
/// <param name="PaddedPromptTokens">Prompts are padded to this length.</param>
/// <param name="PromptMs">When the first tokens are there.</param>
/// <param name="CompletionMs">When the last token of the last request is there.</param>
/// <param name="Bytes">Weights and KV cache at the end.</param>
/// <param name="Nodes">Search nodes visited.</param>
/// <param name="IsOptimal">Whether the search was complete; otherwise it ended at its limit with the best so far.</param>
public sealed record BatchPlan(
    string? Network, IReadOnlyList<string> Requests, double Value, int PaddedPromptTokens, double PromptMs, double CompletionMs, double Bytes, long Nodes, bool IsOptimal);
