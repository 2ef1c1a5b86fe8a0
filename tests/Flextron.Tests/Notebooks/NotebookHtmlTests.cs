using Flextron.Notebooks.Documents;
using Flextron.Notebooks.Running;

namespace Flextron.Tests.Notebooks;

public sealed class NotebookHtmlTests
{
    [Fact]
    public async Task Text_code_outputs_and_mathematics_stand_in_one_page_without_scripts_or_links()
    {
        string text = NotebookText.Of("# Widths\n\nA *model* with $d_j \\le D$:\n\n$$\\sum_{j=1}^{k} \\frac{1}{2} x^2$$\n\n| a | b |\n|---|---|\n| 1 | <2 |", "var s = \"<b>\"; // note\ns", "Console.WriteLine(\"a & b\"); throw new Exception(\"<no>\");");
        NotebookDocument document = (await NotebookRunner.RunAsync(NotebookDocument.Parse(text), Path.GetTempPath())).Document;
        string page = NotebookHtml.Render(document, "t<");
        Assert.Contains("<title>t&lt;</title>", page);
        Assert.Contains("<h1>Widths</h1>", page);
        Assert.Contains("<td>&lt;2</td>", page);
        Assert.Contains("<span class=\"k\">var</span> s = <span class=\"s\">&quot;&lt;b&gt;&quot;</span>; <span class=\"c\">// note</span>", page);
        Assert.Contains("<pre>&lt;b&gt;</pre>", page);
        Assert.Contains("<pre class=\"stdout\">a &amp; b\n</pre>", page);
        Assert.Contains("Exception: &lt;no&gt;\n   at cell 2, line 1</pre>", page);
        Assert.Contains("<msub><mi>d</mi><mrow><mi>j</mi></mrow></msub><mo>≤</mo><mi>D</mi>", page);
        Assert.DoesNotContain("<script", page);
        Assert.DoesNotContain("src=\"http", page);
    }

    [Theory]
    [InlineData("x_1^2", "<msubsup><mi>x</mi><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></msubsup>")]
    [InlineData("\\sum_i x", "<munder><mo>∑</mo><mrow><mi>i</mi></mrow></munder><mi>x</mi>")]
    [InlineData("\\frac{a}{b+1}", "<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac>")]
    [InlineData("\\mathcal{L}_{\\text{joint}}", "<msub><mi>𝓛</mi><mrow><mtext>joint</mtext></mrow></msub>")]
    [InlineData("\\|x\\|", "<mo stretchy=\"false\">‖</mo><mi>x</mi><mo stretchy=\"false\">‖</mo>")]
    [InlineData("\\unknown <", "<mtext>\\unknown</mtext><mo>&lt;</mo>")]
    [InlineData("\\frac{1}{", "<mfrac><mrow><mn>1</mn></mrow><mrow></mrow></mfrac>")]
    [InlineData("}_^", "<mo stretchy=\"false\">}</mo>")]
    public void Mathematics_is_set_as_MathML(string tex, string inner)
    {
        string math = TexToMathml.Convert(tex, block: false);
        Assert.Contains(inner, math);
        System.Xml.Linq.XDocument.Parse(math);
    }
}
