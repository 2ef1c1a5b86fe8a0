using Microsoft.AspNetCore.Html;

namespace Flextron.Notebooks.Display;

/// <summary>What every cell can call without a using: the surface that C# notebooks had before, under the same names.</summary>
public static class NotebookFunctions
{
    /// <summary>Shows a value now, rather than at the end of the cell.</summary>
    /// <param name="value">Anything.</param>
    /// <param name="mimeTypes">Forms to show it in; its own preferred ones by default.</param>
    public static DisplayedValue display(object? value, params string[] mimeTypes)
    {
        CellContext cell = CellContext.Required;
        // Long computations that show what they are doing can be stopped there.
        cell.Cancellation.ThrowIfCancellationRequested();
        string id = Guid.NewGuid().ToString("N");
        cell.Output.Display(ValueFormatter.Format(value, mimeTypes), id);
        return new DisplayedValue(cell, id, mimeTypes);
    }

    /// <summary>Markup that is shown as such.</summary>
    public static IHtmlContent HTML(string content) => new HtmlString(content);

    /// <summary>Asks the user for a line; refused where notebooks run without a user.</summary>
    public static string input(string prompt = "") => CellContext.Required.Output.Input(prompt, false, CellContext.Required.Cancellation);

    /// <summary>Asks the user for a line that is hidden while it is typed.</summary>
    public static string password(string prompt = "") => CellContext.Required.Output.Input(prompt, true, CellContext.Required.Cancellation);

    /// <summary>Cancelled when the user interrupts the cell: pass it to long work.</summary>
    public static CancellationToken Interrupted => CellContext.Required.Cancellation;
}
