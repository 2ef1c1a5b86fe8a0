using System.Buffers;

namespace Flextron.Tokenization;

/// <summary>
/// Applies merges to a sequence of ids: always the pair of the lowest rank, the leftmost one of equals, until no pair merges
/// (Sennrich et al. 2016). Short sequences are scanned; long ones go through a priority queue, so the time is O(n log n).
/// </summary>
internal static class BpeMerger
{
    private const int ScanLimit = 48;

    /// <summary>Merges in place and returns the new length.</summary>
    public static int Merge(Span<int> ids, MergeTable merges) =>
        ids.Length < 2 ? ids.Length : ids.Length <= ScanLimit ? MergeByScan(ids, merges) : MergeByQueue(ids, merges);

    private static int MergeByScan(Span<int> ids, MergeTable merges)
    {
        int length = ids.Length;
        Span<long> pairs = stackalloc long[ScanLimit];
        for (int i = 0; i < length - 1; i++) pairs[i] = merges.Find(ids[i], ids[i + 1]);
        while (length > 1)
        {
            // Ranks alone are compared: pairs of equal rank (equal scores) merge from the left whatever their ids.
            int best = 0;
            long bestRank = pairs[0] >> 32;
            for (int i = 1; i < length - 1; i++)
                if (pairs[i] >> 32 < bestRank) (best, bestRank) = (i, pairs[i] >> 32);
            if (pairs[best] == MergeTable.None) break;
            ids[best] = (int)pairs[best];
            ids[(best + 2)..length].CopyTo(ids[(best + 1)..]);
            if (best + 2 < length) pairs[(best + 2)..(length - 1)].CopyTo(pairs[(best + 1)..]);
            length--;
            if (best < length - 1) pairs[best] = merges.Find(ids[best], ids[best + 1]);
            if (best > 0) pairs[best - 1] = merges.Find(ids[best - 1], ids[best]);
        }
        return length;
    }

    private static int MergeByQueue(Span<int> ids, MergeTable merges)
    {
        int n = ids.Length;
        int[] previous = ArrayPool<int>.Shared.Rent(n), next = ArrayPool<int>.Shared.Rent(n);
        long[] pairs = ArrayPool<long>.Shared.Rent(n);
        // Priority: rank, then position. An entry whose pair has changed since is recognised by its rank and skipped.
        var queue = new PriorityQueue<int, long>(n);
        for (int i = 0; i < n; i++)
        {
            previous[i] = i - 1;
            next[i] = i + 1;
            pairs[i] = i + 1 < n ? merges.Find(ids[i], ids[i + 1]) : MergeTable.None;
            if (pairs[i] != MergeTable.None) queue.Enqueue(i, Priority(pairs[i], i));
        }
        while (queue.TryDequeue(out int at, out long priority))
        {
            if (pairs[at] == MergeTable.None || Priority(pairs[at], at) != priority) continue;
            ids[at] = (int)pairs[at];
            int dead = next[at], after = next[dead];
            next[at] = after;
            pairs[dead] = MergeTable.None;
            if (after < n) previous[after] = at;
            Refresh(ids, at);
            if (previous[at] >= 0) Refresh(ids, previous[at]);
        }
        int length = 0;
        for (int i = 0; i < n; i = next[i]) ids[length++] = ids[i];
        ArrayPool<int>.Shared.Return(previous);
        ArrayPool<int>.Shared.Return(next);
        ArrayPool<long>.Shared.Return(pairs);
        return length;

        void Refresh(Span<int> symbols, int at)
        {
            pairs[at] = next[at] < n ? merges.Find(symbols[at], symbols[next[at]]) : MergeTable.None;
            if (pairs[at] != MergeTable.None) queue.Enqueue(at, Priority(pairs[at], at));
        }
    }

    private static long Priority(long pair, int at) => (pair & ~0xFFFFFFFFL) | (uint)at;
}
