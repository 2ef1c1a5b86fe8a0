namespace Flextron.Notebooks.Display;

/// <summary>A value that was displayed and can be replaced in place.</summary>
public sealed class DisplayedValue
{
    private readonly CellContext cell;
    private readonly string[] mimeTypes;

    internal DisplayedValue(CellContext cell, string id, string[] mimeTypes)
    {
        this.cell = cell;
        this.mimeTypes = mimeTypes;
        DisplayId = id;
    }

    /// <summary>The identifier that front ends know it by.</summary>
    public string DisplayId { get; }

    /// <summary>Shows another value in its place.</summary>
    public void Update(object? value) => cell.Output.Update(ValueFormatter.Format(value, mimeTypes), DisplayId);
}
