using System.IO.Compression;
using System.Text;

namespace Flextron.Tokenization;

/// <summary>
/// Unicode normalization forms (Unicode Standard Annex 15). .NET leaves this to the operating system's ICU library and, in programs that run
/// in invariant globalization as this one does, returns the text as it is: token ids would differ without a word. So it is done here.
/// </summary>
internal static class UnicodeNormalizer
{
    private const int SBase = 0xAC00, LBase = 0x1100, VBase = 0x1161, TBase = 0x11A7, LCount = 19, VCount = 21, TCount = 28, SCount = LCount * VCount * TCount;

    private static readonly Lazy<NormalizationTables> s_tables = new(NormalizationTables.Read);

    /// <summary>Normalizes a text without lone surrogates.</summary>
    public static string Normalize(string text, NormalizationForm form)
    {
        bool compatible = form is NormalizationForm.FormKC or NormalizationForm.FormKD, compose = form is NormalizationForm.FormC or NormalizationForm.FormKC;
        // Below these characters nothing changes.
        char first = compatible ? '\u00A0' : compose ? '\u0300' : '\u00C0';
        if (text.AsSpan().IndexOfAnyInRange(first, '\uFFFF') < 0) return text;

        NormalizationTables tables = s_tables.Value;
        var points = new List<int>(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes()) Decompose(rune.Value, compatible, tables, points);
        Reorder(points, tables);
        if (compose) Compose(points, tables);
        var result = new StringBuilder(points.Count);
        foreach (int point in points)
        {
            if (point <= char.MaxValue) result.Append((char)point);
            else result.Append(char.ConvertFromUtf32(point));
        }
        return result.ToString();
    }

    private static void Decompose(int point, bool compatible, NormalizationTables tables, List<int> output)
    {
        if (point - SBase is >= 0 and < SCount)
        {
            int s = point - SBase;
            output.Add(LBase + s / (VCount * TCount));
            output.Add(VBase + s % (VCount * TCount) / TCount);
            if (s % TCount != 0) output.Add(TBase + s % TCount);
        }
        else if (tables.Canonical.TryGetValue(point, out int[]? parts) || (compatible && tables.Compatible.TryGetValue(point, out parts)))
        {
            // At most a few levels deep: a decomposition never leads back.
            foreach (int part in parts) Decompose(part, compatible, tables, output);
        }
        else
        {
            output.Add(point);
        }
    }

    private static void Reorder(List<int> points, NormalizationTables tables)
    {
        for (int i = 0; i < points.Count; i++)
        {
            if (tables.Class(points[i]) == 0) continue;
            int end = i + 1;
            while (end < points.Count && tables.Class(points[end]) != 0) end++;
            if (end - i > 1)
            {
                int[] sorted = [.. points.GetRange(i, end - i).OrderBy(tables.Class)];
                for (int k = 0; k < sorted.Length; k++) points[i + k] = sorted[k];
            }
            i = end;
        }
    }

    private static void Compose(List<int> points, NormalizationTables tables)
    {
        int count = 0, starter = -1, lastClass = 0;
        for (int i = 0; i < points.Count; i++)
        {
            int point = points[i], combining = tables.Class(point);
            // A mark is blocked from the starter by one of the same or a higher class in between; a starter by anything in between.
            bool reachable = starter >= 0 && (count - 1 == starter || (lastClass < combining && lastClass != 0));
            if (reachable && Pair(points[starter], point, tables) is >= 0 and int composed)
            {
                points[starter] = composed;
                continue;
            }
            if (combining == 0) starter = count;
            lastClass = combining;
            points[count++] = point;
        }
        points.RemoveRange(count, points.Count - count);
    }

    private static int Pair(int first, int second, NormalizationTables tables)
    {
        if (first - LBase is >= 0 and < LCount && second - VBase is >= 0 and < VCount)
            return SBase + ((first - LBase) * VCount + second - VBase) * TCount;
        if (first - SBase is >= 0 and < SCount && (first - SBase) % TCount == 0 && second - TBase is > 0 and < TCount)
            return first + second - TBase;
        return tables.Composed.GetValueOrDefault((first, second), -1);
    }

    private sealed record NormalizationTables(Dictionary<int, int[]> Canonical, Dictionary<int, int[]> Compatible, Dictionary<(int, int), int> Composed, Dictionary<int, byte> Classes)
    {
        public int Class(int point) => point < 0x300 ? 0 : Classes.GetValueOrDefault(point);

        public static NormalizationTables Read()
        {
            using var packed = new MemoryStream(Convert.FromBase64String(UnicodeData.Packed));
            using var stream = new DeflateStream(packed, CompressionMode.Decompress);
            using var buffered = new BufferedStream(stream);
            using var reader = new BinaryReader(buffered);
            var tables = new NormalizationTables([], [], [], []);
            for (int n = reader.Read7BitEncodedInt(), point = 0; n > 0; n--)
            {
                point += reader.Read7BitEncodedInt();
                int head = reader.Read7BitEncodedInt();
                var parts = new int[head >> 2];
                for (int i = 0, last = 0; i < parts.Length; i++)
                {
                    int zigzag = reader.Read7BitEncodedInt();
                    parts[i] = last += (zigzag >> 1) ^ -(zigzag & 1);
                }
                ((head & 1) != 0 ? tables.Compatible : tables.Canonical)[point] = parts;
                if ((head & 2) != 0) tables.Composed[(parts[0], parts[1])] = point;
            }
            for (int n = reader.Read7BitEncodedInt(), point = 0; n > 0; n--)
            {
                point += reader.Read7BitEncodedInt();
                int length = reader.Read7BitEncodedInt();
                byte combining = (byte)reader.Read7BitEncodedInt();
                for (int i = 0; i < length; i++) tables.Classes[point + i] = combining;
            }
            return tables;
        }
    }
}
