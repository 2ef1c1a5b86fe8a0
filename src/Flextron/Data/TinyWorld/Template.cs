using System.Text;

namespace Flextron.Data.TinyWorld;

/// <summary>A sentence with named gaps such as <c>{e}</c>, cut into pieces once so that filling it is only copying.</summary>
internal sealed class Template
{
    private readonly string[] literals;
    private readonly int[] slots;

    /// <summary>Cuts the text.</summary>
    /// <param name="text">With gaps in braces.</param>
    /// <param name="names">The gaps that exist, in the order of the values given to <see cref="Append"/>.</param>
    public Template(string text, IReadOnlyList<string> names)
    {
        var texts = new List<string>();
        var gaps = new List<int>();
        int at = 0;
        for (int open = text.IndexOf('{', StringComparison.Ordinal); open >= 0; open = text.IndexOf('{', at))
        {
            int close = text.IndexOf('}', open);
            string name = text[(open + 1)..close];
            int slot = names.ToList().IndexOf(name);
            if (slot < 0) throw new InvalidOperationException($"The template \"{text}\" has the unknown gap {name}.");
            texts.Add(text[at..open]);
            gaps.Add(slot);
            at = close + 1;
        }
        texts.Add(text[at..]);
        (literals, slots) = (texts.ToArray(), gaps.ToArray());
    }

    /// <summary>Appends the text with the gaps filled.</summary>
    public void Append(StringBuilder to, ReadOnlySpan<string> values)
    {
        for (int i = 0; i < slots.Length; i++) to.Append(literals[i]).Append(values[slots[i]]);
        to.Append(literals[^1]);
    }

    /// <summary>The text with the gaps filled.</summary>
    public string Fill(ReadOnlySpan<string> values)
    {
        var text = new StringBuilder();
        Append(text, values);
        return text.ToString();
    }
}
