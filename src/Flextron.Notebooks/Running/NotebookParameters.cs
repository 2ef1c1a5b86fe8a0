using System.Globalization;
using Flextron.Notebooks.Documents;
using Flextron.Workbench.Experiments;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Flextron.Notebooks.Running;

/// <summary>
/// Sets parameters of a notebook as papermill does: a cell tagged <c>parameters</c> declares them with their defaults, and a cell tagged
/// <c>injected-parameters</c> is put behind it. It holds assignments rather than declarations, so that the compiler checks types as well.
/// </summary>
public static class NotebookParameters
{
    /// <summary>Puts values into a notebook; an injected cell of an earlier run is replaced.</summary>
    /// <param name="document">Changed in place.</param>
    /// <param name="values">Texts by name.</param>
    /// <exception cref="FlextronException">No parameters cell, an unknown name, or a value that its type cannot hold.</exception>
    public static void Inject(NotebookDocument document, IReadOnlyDictionary<string, string> values)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(values);
        foreach (NotebookCell old in document.Cells.Where(c => c.Tags.Contains(NotebookCell.InjectedTag)).ToArray()) document.Remove(old);
        if (values.Count == 0) return;
        int at = document.Cells.ToList().FindIndex(c => c.IsCode && c.Tags.Contains(NotebookCell.ParametersTag));
        if (at < 0) throw new FlextronException($"The notebook has no cell tagged \"{NotebookCell.ParametersTag}\", so that {values.Keys.First()} cannot be set: tag the cell that declares it.");
        Dictionary<string, string> types = Declared(document.Cells[at].Source);
        string[] lines = [.. values.Select(v => types.TryGetValue(v.Key, out string? type)
            ? $"{v.Key} = {Literal(v.Key, type, v.Value)};"
            : throw new FlextronException($"The notebook has no parameter {v.Key}: {NearestName.Suggest(v.Key, types.Keys)}"))];
        document.InsertCode(at + 1, $"// Parameters of this run\n{string.Join('\n', lines)}", NotebookCell.InjectedTag);
    }

    /// <summary>The names that a cell declares, with their types as written; for <c>var</c> the type of the literal.</summary>
    internal static Dictionary<string, string> Declared(string source)
    {
        var root = (CompilationUnitSyntax)CSharpSyntaxTree.ParseText(source, Sessions.CellParser.Options).GetRoot();
        IEnumerable<VariableDeclarationSyntax> declarations = root.Members.Select(m => m switch
        {
            FieldDeclarationSyntax field => field.Declaration,
            GlobalStatementSyntax { Statement: LocalDeclarationStatementSyntax local } => local.Declaration,
            _ => null,
        }).OfType<VariableDeclarationSyntax>();
        var types = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (VariableDeclarationSyntax declaration in declarations)
        {
            foreach (VariableDeclaratorSyntax variable in declaration.Variables)
                types[variable.Identifier.Text] = declaration.Type.IsVar ? Inferred(variable.Initializer?.Value) : declaration.Type.ToString().Replace(" ", "", StringComparison.Ordinal).TrimEnd('?');
        }
        return types;
    }

    private static string Inferred(ExpressionSyntax? value) => value switch
    {
        PrefixUnaryExpressionSyntax minus => Inferred(minus.Operand),
        LiteralExpressionSyntax literal => literal.Token.Value switch { string => "string", bool => "bool", int => "int", long => "long", double => "double", float => "float", decimal => "decimal", _ => "var" },
        _ => "var",
    };

    private static string Literal(string name, string type, string text)
    {
        if (type.EndsWith("[]", StringComparison.Ordinal))
        {
            string element = type[..^2];
            IEnumerable<string> items = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(t => Literal(name, element, t));
            return $"new {type} {{ {string.Join(", ", items)} }}";
        }
        CultureInfo c = CultureInfo.InvariantCulture;
        string? literal = type switch
        {
            "string" => SymbolDisplay.FormatLiteral(text, quote: true),
            "bool" => bool.TryParse(text, out bool b) ? b ? "true" : "false" : null,
            "int" => int.TryParse(text, NumberStyles.AllowLeadingSign, c, out int i) ? i.ToString(c) : null,
            "long" => long.TryParse(text, NumberStyles.AllowLeadingSign, c, out long l) ? l.ToString(c) + "L" : null,
            "double" => double.TryParse(text, NumberStyles.Float, c, out double d) && double.IsFinite(d) ? d.ToString("R", c) + "d" : null,
            "float" => float.TryParse(text, NumberStyles.Float, c, out float f) && float.IsFinite(f) ? f.ToString("R", c) + "f" : null,
            "decimal" => decimal.TryParse(text, NumberStyles.Float, c, out decimal m) ? m.ToString(c) + "m" : null,
            _ => throw new FlextronException($"The parameter {name} is declared as {type}, which cannot be set from outside: use string, bool, int, long, double, float, decimal, or an array of these."),
        };
        return literal ?? throw new FlextronException($"\"{text}\" is not a value of the parameter {name}, which is of type {type}.");
    }
}
