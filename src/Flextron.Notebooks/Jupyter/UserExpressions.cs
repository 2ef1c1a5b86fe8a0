using System.Text.Json.Nodes;
using Flextron.Notebooks.Display;
using Flextron.Notebooks.Documents;
using Flextron.Notebooks.Sessions;

namespace Flextron.Notebooks.Jupyter;

/// <summary>Expressions that a front end wants evaluated after a cell, outside of what the user sees.</summary>
internal static class UserExpressions
{
    /// <summary>Evaluates each.</summary>
    /// <param name="session">Where.</param>
    /// <param name="expressions">Code by name.</param>
    /// <returns>The value's forms or the error, by name.</returns>
    public static async Task<JsonObject> EvaluateAsync(NotebookSession session, JsonObject? expressions)
    {
        var answers = new JsonObject();
        foreach ((string name, JsonNode? code) in expressions ?? [])
        {
            var value = new LastValue();
            CellError? error = (await session.RunAsync(NotebookJson.Text(code), 0, value).ConfigureAwait(false)).Error;
            JsonObject answer = error is null
                ? new JsonObject { ["data"] = value.Bundle is null ? new JsonObject() : CellOutputs.Data(value.Bundle, asLines: false), ["metadata"] = new JsonObject() }
                : CellOutputs.ErrorContent(error);
            answer["status"] = error is null ? "ok" : "error";
            answers[name] = answer;
        }
        return answers;
    }

    private sealed class LastValue : ICellOutput
    {
        public MimeBundle? Bundle { get; private set; }

        public void Stream(string name, string text)
        {
        }

        public void Display(MimeBundle bundle, string? displayId)
        {
            if (displayId is null) Bundle = bundle;
        }

        public void Update(MimeBundle bundle, string displayId)
        {
        }

        public string Input(string prompt, bool password, CancellationToken cancellation) => throw new FlextronException("A front end's expressions cannot ask for input.");
    }
}
