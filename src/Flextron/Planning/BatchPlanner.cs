namespace Flextron.Planning;

/// <summary>
/// Chooses the batch of requests that is worth most and the network that serves it, within memory, deadlines and required quality: an exact depth-first
/// search with pruning, after DFTSP (Zhang et al., arXiv 2405.07140). A batch is padded to its longest prompt and steps together, so that each request that
/// joins makes it slower and larger for all.
/// </summary>
/// <remarks>
/// Pruning loses nothing, because every constraint only tightens as a batch grows: a request that cannot join now never can below this node, and a node
/// is left when even all that still can join would not make it worth more than the best. Of plans worth the same the one done earlier wins, then the network given first.
/// </remarks>
public sealed class BatchPlanner
{
    private readonly IReadOnlyList<BatchRequest> requests;
    private readonly IReadOnlyList<ServedNetwork> networks;
    private readonly double memoryBytes;
    private readonly long maximumNodes;
    private long nodes;
    private Candidate? best;

    private BatchPlanner(IReadOnlyList<BatchRequest> requests, IReadOnlyList<ServedNetwork> networks, double memoryBytes, long maximumNodes) =>
        (this.requests, this.networks, this.memoryBytes, this.maximumNodes) = (requests, networks, memoryBytes, maximumNodes);

    /// <summary>Finds the best batch.</summary>
    /// <param name="requests">Waiting requests.</param>
    /// <param name="networks">Networks to choose from.</param>
    /// <param name="memoryBytes">For weights and KV cache together.</param>
    /// <param name="maximumNodes">Search nodes at most; the plan says whether that was enough.</param>
    /// <exception cref="FlextronException">A request is not possible, or there is no network.</exception>
    public static BatchPlan Plan(IReadOnlyList<BatchRequest> requests, IReadOnlyList<ServedNetwork> networks, double memoryBytes, long maximumNodes = 20_000_000)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(networks);
        if (networks.Count == 0) throw new FlextronException("A plan needs at least one network to serve with: name budgets.");
        if (!(memoryBytes > 0)) throw new FlextronException($"A memory of {memoryBytes} bytes holds nothing: give a positive number.");
        foreach (BatchRequest request in requests) request.Validated();
        if (requests.FirstOrDefault(r => r.MaximumLoss is not null) is { } asks && networks.FirstOrDefault(n => n.Loss is null) is { } unknown)
            throw new FlextronException($"The request '{asks.Name}' limits the loss and that of {unknown.Name} is not known: give losses, or leave maximumLoss out.");
        return new BatchPlanner(requests, networks, memoryBytes, maximumNodes).Run();
    }

    private BatchPlan Run()
    {
        foreach (ServedNetwork network in networks)
        {
            var empty = new Candidate(network, [], 0, 0, 0);
            // The least demanding of the most valuable first: good plans early, so that more is pruned.
            int[] open = [.. Joinable(empty, Enumerable.Range(0, requests.Count))
                .OrderByDescending(i => requests[i].Value).ThenBy(i => requests[i].PromptTokens + requests[i].GeneratedTokens).ThenBy(i => i)];
            Search(empty, open);
        }
        bool complete = nodes < maximumNodes;
        if (best is not { } found) return new BatchPlan(null, [], 0, 0, 0, 0, 0, nodes, complete);
        return new BatchPlan(
            found.Network.Name, [.. found.Members.Order().Select(i => requests[i].Name)], found.Value, found.Prompt,
            found.Network.Latency.PromptMs(found.Members.Length, found.Prompt), found.CompletionMs, Bytes(found), nodes, complete);
    }

    private void Search(Candidate node, int[] open)
    {
        if (++nodes >= maximumNodes) return;
        if (node.Members.Length > 0 && IsBetter(node)) best = node;
        for (int at = 0; at < open.Length; at++)
        {
            int[] left = open[at..];
            if (!CanBeat(node, left)) return;
            Candidate grown = node.With(open[at], requests[open[at]]);
            Search(grown, Joinable(grown, open[(at + 1)..]));
            if (nodes >= maximumNodes) return;
        }
    }

    private bool IsBetter(Candidate node) =>
        best is null || node.Value > best.Value || (node.Value == best.Value && node.CompletionMs < best.CompletionMs);

    // Even with the most valuable that still fit the largest batch, and no later than now.
    private bool CanBeat(Candidate node, int[] open)
    {
        if (best is null) return true;
        double bound = node.Value + open.Select(i => requests[i].Value).OrderDescending().Take(node.Network.Latency.MaximumBatch - node.Members.Length).Sum();
        return bound > best.Value || (bound == best.Value && node.CompletionMs < best.CompletionMs);
    }

    private int[] Joinable(Candidate node, IEnumerable<int> open) => [.. open.Where(i => IsPossible(node.With(i, requests[i])))];

    private bool IsPossible(Candidate node)
    {
        BatchLatency latency = node.Network.Latency;
        int batch = node.Members.Length;
        if (batch > latency.MaximumBatch || node.Prompt > latency.MaximumPromptTokens) return false;
        double prompt = latency.PromptMs(batch, node.Prompt), step = latency.StepMs(batch);
        foreach (int i in node.Members)
        {
            BatchRequest request = requests[i];
            if (node.Network.Loss > request.MaximumLoss || node.Prompt + request.GeneratedTokens > latency.MaximumTokens || prompt + request.GeneratedTokens * step > request.DeadlineMs) return false;
        }
        return Bytes(node) <= memoryBytes;
    }

    private double Bytes(Candidate node) =>
        node.Network.WeightBytes + node.Network.StateBytesPerSequence * node.Members.Length
        + node.Network.CacheBytesPerToken * node.Members.Sum(i => (double)node.Prompt + requests[i].GeneratedTokens);

    private sealed record Candidate(ServedNetwork Network, int[] Members, double Value, int Prompt, int Generated)
    {
        public double CompletionMs => Members.Length == 0 ? 0 : Network.Latency.PromptMs(Members.Length, Prompt) + Generated * Network.Latency.StepMs(Members.Length);

        public Candidate With(int index, BatchRequest request) => this with
        {
            Members = [.. Members, index], Value = Value + request.Value, Prompt = Math.Max(Prompt, request.PromptTokens), Generated = Math.Max(Generated, request.GeneratedTokens),
        };
    }
}
