using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Flextron.Notebooks.Sessions;

/// <summary>Finds the directives of a cell. The C# lexer decides what is one, so that a line inside a raw string or a comment stays what it is.</summary>
internal static class CellParser
{
    /// <summary>How cells are parsed.</summary>
    public static CSharpParseOptions Options { get; } = new(LanguageVersion.Latest, DocumentationMode.None, SourceCodeKind.Script);

    private static readonly string[] Supported = ["#!csharp", "#!c#", "#!C#", "#!time", "#!import"];

    /// <summary>Splits a cell into steps in the order in which they run.</summary>
    /// <exception cref="CellDirectiveException">A directive that this host does not know.</exception>
    public static IReadOnlyList<CellStep> Parse(string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        string[] lines = code.ReplaceLineEndings("\n").Split('\n');
        Require(lines);
        var steps = new List<CellStep>();
        int from = 0;
        foreach (int line in DirectiveLines(string.Join('\n', lines)))
        {
            (string name, string argument) = Split(lines[line]);
            DirectiveStep? directive = name switch
            {
                "#r" when argument.StartsWith("nuget:", StringComparison.OrdinalIgnoreCase) => new DirectiveStep("#r", argument["nuget:".Length..].Trim(), line + 1),
                "#i" => new DirectiveStep("#i", argument.StartsWith("nuget:", StringComparison.OrdinalIgnoreCase) ? argument["nuget:".Length..].Trim() : argument, line + 1),
                "#!csharp" or "#!c#" or "#!C#" => new DirectiveStep("#!csharp", "", line + 1),
                "#!time" or "#!import" => new DirectiveStep(name, argument, line + 1),
                _ when name.StartsWith("#!", StringComparison.Ordinal) => throw Unknown(name, line + 1),
                _ => null,
            };
            if (directive is null) continue;
            // Only an import has to wait for the code above it; packages and clocks come before the code that they are for.
            if (directive.Name == "#!import") AddCode(lines, from, line, steps);
            if (directive.Name == "#!import") from = line + 1;
            lines[line] = "";
            steps.Add(directive);
        }
        AddCode(lines, from, lines.Length, steps);
        return steps;
    }

    private static void AddCode(string[] lines, int from, int to, List<CellStep> steps)
    {
        string code = string.Join('\n', lines.Select((l, i) => i >= from && i < to ? l : "").Take(to));
        if (code.Trim().Length == 0) return;
        int line = Array.FindIndex(lines, from, l => l.Trim().Length > 0) + 1;
        steps.Add(new CodeStep(code, Math.Max(1, line)));
    }

    // A cell of another language is not C# at all: its first line is looked at before anything is parsed.
    private static void Require(string[] lines)
    {
        int first = Array.FindIndex(lines, l => l.Trim().Length > 0);
        if (first < 0 || !lines[first].StartsWith("#!", StringComparison.Ordinal)) return;
        string name = Split(lines[first]).Name;
        if (!Supported.Contains(name)) throw Unknown(name, first + 1);
    }

    private static CellDirectiveException Unknown(string name, int line) => new(
        $"{name} is not known here: cells are C#, and the directives are #!csharp, #!time, #!import, #r, #i and #load. Cells of other languages cannot run in this kernel.", line);

    private static SortedSet<int> DirectiveLines(string code)
    {
        SyntaxTree tree = CSharpSyntaxTree.ParseText(code, Options);
        var lines = new SortedSet<int>();
        foreach (SyntaxTrivia trivia in tree.GetRoot().DescendantTrivia(descendIntoTrivia: true))
        {
            if (trivia.Kind() is SyntaxKind.BadDirectiveTrivia or SyntaxKind.ShebangDirectiveTrivia or SyntaxKind.ReferenceDirectiveTrivia)
                lines.Add(tree.GetLineSpan(trivia.Span).StartLinePosition.Line);
        }
        return lines;
    }

    private static (string Name, string Argument) Split(string line)
    {
        string trimmed = line.Trim();
        int end = trimmed.IndexOfAny([' ', '\t']);
        return end < 0 ? (trimmed, "") : (trimmed[..end], trimmed[end..].Trim().Trim('"'));
    }
}
