using System.Net;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Flextron.Notebooks.Documents;

/// <summary>C# in four colours: keywords, strings, numbers, comments.</summary>
internal static class CodeColours
{
    /// <summary>The code as HTML.</summary>
    public static string Html(string code)
    {
        var html = new StringBuilder();
        var options = new CSharpParseOptions(LanguageVersion.Latest, DocumentationMode.None, SourceCodeKind.Script);
        foreach (SyntaxToken token in CSharpSyntaxTree.ParseText(code, options).GetRoot().DescendantTokens())
        {
            foreach (SyntaxTrivia trivia in token.LeadingTrivia) Append(html, trivia.ToFullString(), OfTrivia(trivia));
            Append(html, token.Text, OfToken(token));
            foreach (SyntaxTrivia trivia in token.TrailingTrivia) Append(html, trivia.ToFullString(), OfTrivia(trivia));
        }
        return html.ToString().TrimEnd('\n');
    }

    private static char? OfToken(SyntaxToken token) => token.Kind() switch
    {
        SyntaxKind.StringLiteralToken or SyntaxKind.CharacterLiteralToken or SyntaxKind.InterpolatedStringTextToken or SyntaxKind.InterpolatedStringStartToken
            or SyntaxKind.InterpolatedStringEndToken or SyntaxKind.SingleLineRawStringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken => 's',
        SyntaxKind.NumericLiteralToken => 'n',
        _ => token.IsKeyword() || token.IsContextualKeyword() || token.Text == "var" ? 'k' : null,
    };

    private static char? OfTrivia(SyntaxTrivia trivia) => trivia.Kind() switch
    {
        SyntaxKind.SingleLineCommentTrivia or SyntaxKind.MultiLineCommentTrivia => 'c',
        _ => trivia.IsDirective ? 'k' : null,
    };

    private static void Append(StringBuilder html, string text, char? kind)
    {
        if (text.Length == 0) return;
        string encoded = WebUtility.HtmlEncode(text);
        if (kind is null) html.Append(encoded);
        else html.Append("<span class=\"").Append(kind.Value).Append("\">").Append(encoded).Append("</span>");
    }
}
