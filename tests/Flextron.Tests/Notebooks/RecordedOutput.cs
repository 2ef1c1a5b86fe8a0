using System.Text;
using Flextron.Notebooks.Display;

namespace Flextron.Tests.Notebooks;

/// <summary>Keeps what cells show.</summary>
internal sealed class RecordedOutput : ICellOutput
{
    private readonly Lock gate = new();
    private readonly StringBuilder console = new();

    public List<(MimeBundle Bundle, string? Id)> Displays { get; } = [];

    public List<(MimeBundle Bundle, string Id)> Updates { get; } = [];

    public Func<string, string>? Answer { get; init; }

    public string Console
    {
        get
        {
            lock (gate) return console.ToString();
        }
    }

    public string LastText => Displays[^1].Bundle.Text;

    public void Stream(string name, string text)
    {
        lock (gate) console.Append(name == "stderr" ? "!" : "").Append(text);
    }

    public void Display(MimeBundle bundle, string? displayId)
    {
        lock (gate) Displays.Add((bundle, displayId));
    }

    public void Update(MimeBundle bundle, string displayId)
    {
        lock (gate) Updates.Add((bundle, displayId));
    }

    public string Input(string prompt, bool password, CancellationToken cancellation) => Answer is null ? throw new FlextronException("There is nobody to ask.") : Answer(prompt);
}
