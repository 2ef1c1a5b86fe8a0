namespace Flextron.Notebooks.Display;

/// <summary>Where a cell's output goes: a front end, a notebook file, a test. Called from any thread.</summary>
public interface ICellOutput
{
    /// <summary>Text written to the console.</summary>
    /// <param name="name"><c>stdout</c> or <c>stderr</c>.</param>
    /// <param name="text">The text, line breaks included.</param>
    void Stream(string name, string text);

    /// <summary>A displayed value.</summary>
    /// <param name="bundle">Its forms.</param>
    /// <param name="displayId">What <see cref="Update"/> will name it by; null where it is the value of the cell's last expression.</param>
    void Display(MimeBundle bundle, string? displayId);

    /// <summary>Replaces a value displayed before, in this cell or an earlier one.</summary>
    void Update(MimeBundle bundle, string displayId);

    /// <summary>Asks the user for a line.</summary>
    /// <param name="prompt">What is asked.</param>
    /// <param name="password">Whether the answer is hidden while it is typed.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FlextronException">There is nobody to ask.</exception>
    string Input(string prompt, bool password, CancellationToken cancellation);
}
