using System.Net;
using System.Text;

namespace Flextron.Notebooks.Documents;

/// <summary>
/// Sets the TeX that notebooks of this field use as MathML: letters, numbers, operators, scripts, fractions, roots, Greek, sums, accents, text.
/// A command that is not known is shown by its name.
/// </summary>
internal sealed class TexToMathml
{
    private static readonly Dictionary<string, string> Letters = new(StringComparer.Ordinal)
    {
        ["alpha"] = "α", ["beta"] = "β", ["gamma"] = "γ", ["delta"] = "δ", ["epsilon"] = "ϵ", ["varepsilon"] = "ε", ["eta"] = "η", ["theta"] = "θ", ["kappa"] = "κ", ["lambda"] = "λ",
        ["mu"] = "μ", ["nu"] = "ν", ["pi"] = "π", ["rho"] = "ρ", ["sigma"] = "σ", ["tau"] = "τ", ["phi"] = "ϕ", ["varphi"] = "φ", ["chi"] = "χ", ["psi"] = "ψ", ["omega"] = "ω",
        ["Gamma"] = "Γ", ["Delta"] = "Δ", ["Theta"] = "Θ", ["Lambda"] = "Λ", ["Sigma"] = "Σ", ["Phi"] = "Φ", ["Psi"] = "Ψ", ["Omega"] = "Ω", ["infty"] = "∞", ["ell"] = "ℓ", ["partial"] = "∂", ["nabla"] = "∇", ["emptyset"] = "∅",
    };

    private static readonly Dictionary<string, string> Operators = new(StringComparer.Ordinal)
    {
        ["cdot"] = "·", ["times"] = "×", ["le"] = "≤", ["leq"] = "≤", ["ge"] = "≥", ["geq"] = "≥", ["ne"] = "≠", ["neq"] = "≠", ["approx"] = "≈", ["sim"] = "∼", ["in"] = "∈", ["to"] = "→", ["rightarrow"] = "→", ["mapsto"] = "↦",
        ["leftarrow"] = "←", ["pm"] = "±", ["odot"] = "⊙", ["circ"] = "∘", ["subset"] = "⊂", ["subseteq"] = "⊆", ["cup"] = "∪", ["cap"] = "∩", ["ldots"] = "…", ["dots"] = "…", ["cdots"] = "⋯", ["mid"] = "|", ["top"] = "⊤", ["propto"] = "∝",
        ["Vert"] = "‖", ["|"] = "‖", ["lVert"] = "‖", ["rVert"] = "‖", ["langle"] = "⟨", ["rangle"] = "⟩", ["lfloor"] = "⌊", ["rfloor"] = "⌋", ["lceil"] = "⌈", ["rceil"] = "⌉", ["{"] = "{", ["}"] = "}", ["%"] = "%", ["forall"] = "∀",
    };

    private static readonly Dictionary<string, string> Large = new(StringComparer.Ordinal) { ["sum"] = "∑", ["prod"] = "∏", ["int"] = "∫" };
    private static readonly string[] Names = ["max", "min", "arg", "argmax", "argmin", "log", "exp", "sin", "cos", "softmax", "lim", "sup", "inf"];
    private static readonly Dictionary<string, string> Accents = new(StringComparer.Ordinal) { ["hat"] = "^", ["bar"] = "¯", ["tilde"] = "~", ["vec"] = "→", ["dot"] = "˙", ["widehat"] = "^", ["overline"] = "¯" };
    private readonly string tex;
    private int at;

    private TexToMathml(string tex) => this.tex = tex;

    /// <summary>The formula as a math element.</summary>
    public static string Convert(string tex, bool block)
    {
        var reader = new TexToMathml(tex);
        string row = reader.Row(end: '\0');
        return $"<math xmlns=\"http://www.w3.org/1998/Math/MathML\" display=\"{(block ? "block" : "inline")}\"><mrow>{row}</mrow></math>";
    }

    private string Row(char end)
    {
        var row = new StringBuilder();
        while (at < tex.Length && tex[at] != end)
        {
            if (tex[at] == '&') at++;
            else row.Append(Scripted());
        }
        if (at < tex.Length) at++;
        return row.ToString();
    }

    // An atom with what stands above and below it.
    private string Scripted()
    {
        (string atom, bool limits) = Atom();
        string? below = null, above = null;
        while (true)
        {
            Blank();
            if (at < tex.Length && tex[at] == '_' && below is null)
            {
                at++;
                below = Argument();
            }
            else if (at < tex.Length && tex[at] == '^' && above is null)
            {
                at++;
                above = Argument();
            }
            else if (at < tex.Length && tex[at] == '\'')
            {
                at++;
                above = (above ?? "") + "<mo>′</mo>";
            }
            else
            {
                break;
            }
        }
        (string both, string under, string over) = limits ? ("munderover", "munder", "mover") : ("msubsup", "msub", "msup");
        return (below, above) switch
        {
            (null, null) => atom,
            (not null, null) => $"<{under}>{atom}{Group(below)}</{under}>",
            (null, not null) => $"<{over}>{atom}{Group(above)}</{over}>",
            _ => $"<{both}>{atom}{Group(below)}{Group(above)}</{both}>",
        };
    }

    private (string Text, bool Limits) Atom()
    {
        Blank();
        if (at >= tex.Length) return ("", false);
        char c = tex[at];
        if (c == '{')
        {
            at++;
            return (Group(Row('}')), false);
        }
        if (c == '\\') return Command();
        if (char.IsDigit(c))
        {
            int from = at;
            while (at < tex.Length && (char.IsDigit(tex[at]) || (tex[at] == '.' && at + 1 < tex.Length && char.IsDigit(tex[at + 1])))) at++;
            return ($"<mn>{tex[from..at]}</mn>", false);
        }
        at++;
        if (char.IsLetter(c)) return ($"<mi>{c}</mi>", false);
        return (Operator(c == '-' ? "−" : c == '*' ? "∗" : c.ToString()), false);
    }

    private (string Text, bool Limits) Command()
    {
        int from = ++at;
        while (at < tex.Length && char.IsAsciiLetter(tex[at])) at++;
        if (at == from && at < tex.Length) at++;
        string name = tex[from..at];
        if (Letters.TryGetValue(name, out string? letter)) return ($"<mi>{letter}</mi>", false);
        if (Operators.TryGetValue(name, out string? symbol)) return (Operator(symbol), false);
        if (Large.TryGetValue(name, out string? large)) return ($"<mo>{large}</mo>", name != "int");
        if (Names.Contains(name)) return ($"<mo>{name}</mo>", name is "max" or "min" or "argmax" or "argmin" or "lim");
        if (Accents.TryGetValue(name, out string? accent)) return ($"<mover accent=\"true\">{Group(Argument())}<mo>{accent}</mo></mover>", false);
        switch (name)
        {
            case "frac" or "tfrac" or "dfrac":
                return ($"<mfrac>{Group(Argument())}{Group(Argument())}</mfrac>", false);
            case "sqrt":
                return ($"<msqrt>{Argument()}</msqrt>", false);
            case "text" or "mathrm" or "operatorname" or "mathbf" or "mathcal" or "mathbb" or "mathit" or "textbf":
                return (Styled(name), false);
            case "left" or "right" or "big" or "Big" or "bigl" or "bigr" or "displaystyle" or "limits" or "!":
                return ("", false);
            case "," or ";" or ":" or " ":
                return ("<mspace width=\"0.22em\"/>", false);
            case "quad" or "qquad":
                return ($"<mspace width=\"{(name == "quad" ? 1 : 2)}em\"/>", false);
            default:
                return ($"<mtext>\\{Encode(name)}</mtext>", false);
        }
    }

    private string Styled(string name)
    {
        Blank();
        string text = "";
        if (at < tex.Length && tex[at] == '{')
        {
            int end = tex.IndexOf('}', at);
            if (end < 0) end = tex.Length;
            text = tex[(at + 1)..end];
            at = Math.Min(tex.Length, end + 1);
        }
        else if (at < tex.Length)
        {
            text = tex[at++].ToString();
        }
        string encoded = Encode(text.Replace("\\", "", StringComparison.Ordinal));
        return name switch
        {
            "text" or "textbf" => $"<mtext>{encoded}</mtext>",
            "mathcal" => $"<mi>{Alphabet(text, 0x1D4D0)}</mi>",
            "mathbf" => $"<mi>{Alphabet(text, 0x1D400)}</mi>",
            "mathbb" when text is "R" => "<mi>ℝ</mi>",
            "mathbb" when text is "E" => "<mi>𝔼</mi>",
            _ => $"<mi mathvariant=\"normal\">{encoded}</mi>",
        };
    }

    // Capitals of a mathematical alphabet of Unicode; other letters stay as they are.
    private static string Alphabet(string text, int first) => string.Concat(text.Select(c => c is >= 'A' and <= 'Z' ? char.ConvertFromUtf32(first + c - 'A') : Encode(c.ToString())));

    private string Argument() => Atom().Text;

    private void Blank()
    {
        while (at < tex.Length && (char.IsWhiteSpace(tex[at]) || tex[at] == '~')) at++;
    }

    private static string Group(string row) => row.StartsWith("<mrow>", StringComparison.Ordinal) && row.IndexOf("<mrow>", 1, StringComparison.Ordinal) < 0 ? row : $"<mrow>{row}</mrow>";

    // Brackets keep the size of the letters: browsers would stretch them over the whole row.
    private static string Operator(string symbol) => "()[]|‖{}".Contains(symbol, StringComparison.Ordinal) ? $"<mo stretchy=\"false\">{symbol}</mo>" : $"<mo>{Encode(symbol)}</mo>";

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
