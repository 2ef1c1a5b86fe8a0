namespace Flextron.Tokenization;

/// <summary>Reads the <c>post_processor</c> of a tokenizer.json: the ids that go before and after a single text.</summary>
internal static class TemplateReader
{
    /// <param name="part">The post-processor.</param>
    /// <param name="size">Size of the vocabulary.</param>
    public static (int[] Prefix, int[] Suffix) Read(JsonPart part, int size)
    {
        string type = part.Get("type").Text();
        switch (type)
        {
            // Only offsets are changed by it.
            case "ByteLevel":
                return ([], []);
            case "TemplateProcessing":
                return ReadTemplate(part, size);
            case "BertProcessing" or "RobertaProcessing":
                return ([PairId(part.Get("cls"), size)], [PairId(part.Get("sep"), size)]);
            case "Sequence":
                IEnumerable<int> prefix = [], suffix = [];
                foreach (JsonPart inner in part.Get("processors").Items())
                {
                    (int[] before, int[] after) = Read(inner, size);
                    (prefix, suffix) = (before.Concat(prefix), suffix.Concat(after));
                }
                return ([.. prefix], [.. suffix]);
            default:
                throw part.Unsupported($"the post-processor {type}");
        }
    }

    private static (int[] Prefix, int[] Suffix) ReadTemplate(JsonPart part, int size)
    {
        var prefix = new List<int>();
        var suffix = new List<int>();
        int texts = 0;
        foreach (JsonPart item in part.Get("single").Items())
        {
            if (item.Find("Sequence") is not null)
            {
                texts++;
                continue;
            }
            string name = item.Get("SpecialToken").Get("id").Text();
            foreach (JsonPart id in part.Get("special_tokens").Get(name).Get("ids").Items())
                (texts == 0 ? prefix : suffix).Add(Checked(id, size));
        }
        return texts == 1 ? ([.. prefix], [.. suffix]) : throw part.Bad("has a template that does not hold the text exactly once");
    }

    private static int PairId(JsonPart pair, int size) =>
        pair.Items().ToList() is [_, var id] ? Checked(id, size) : throw pair.Bad("is not a token and its id");

    private static int Checked(JsonPart id, int size)
    {
        int value = id.Int();
        return value >= 0 && value < size ? value : throw id.Bad($"is {value}, outside the vocabulary of {size}");
    }
}
