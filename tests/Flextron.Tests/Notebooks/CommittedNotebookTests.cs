using Flextron.Data;
using Flextron.Notebooks.Documents;
using Flextron.Notebooks.Running;
using Flextron.Notebooks.Sessions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Scripting;
using Microsoft.CodeAnalysis.Scripting;

namespace Flextron.Tests.Notebooks;

/// <summary>
/// The notebooks of the repository against the library as it is; running them is a matter of minutes and left to the whole check. Alone: scripts that are compiled
/// while others run can mistake one loaded copy of a type for another.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class CommittedNotebookTests
{
    private static readonly string Folder = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(EmbeddedData.BaseModel.TrimEnd('/'))!)!, "notebooks");

    public static TheoryData<string> Names => [.. Directory.EnumerateFiles(Folder, "*.ipynb").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    private static NotebookDocument Load(string name) => NotebookDocument.Load(Path.Combine(Folder, name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_cell_compiles_after_those_before_it(string name)
    {
        ScriptOptions options = ScriptOptions.Default.WithReferences(new ScriptEngine(Folder).References).WithImports(ScriptEngine.Imports);
        Script<object>? script = null;
        int cell = 0;
        foreach (NotebookCell code in Load(name).Cells.Where(c => c.IsCode))
        {
            cell++;
            foreach (CodeStep step in CellParser.Parse(code.Source).OfType<CodeStep>())
            {
                script = script is null ? CSharpScript.Create<object>(step.Code, options) : script.ContinueWith<object>(step.Code);
                Assert.All(script.GetCompilation().GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error), d => Assert.Fail($"{name}, cell {cell}: {d}"));
            }
        }
        Assert.True(cell >= 3, $"{name} has {cell} code cells");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_is_committed_executed_with_figures_and_no_path_of_the_machine(string name)
    {
        NotebookDocument document = Load(name);
        Assert.All(document.Cells.Where(c => c.IsCode && !c.Tags.Contains(NotebookCell.ParametersTag)), c => Assert.NotNull(c.Json["execution_count"]));
        Assert.DoesNotContain(document.Cells.SelectMany(c => c.Outputs), o => (string?)o["output_type"] == "error");
        Assert.DoesNotContain(document.Cells, c => c.Tags.Contains(NotebookCell.InjectedTag));
        Assert.True(document.Cells.SelectMany(c => c.Outputs).Count(o => o["data"]?["image/svg+xml"] is not null) >= 2);
        Assert.DoesNotContain(Path.TrimEndingDirectorySeparator(Path.GetDirectoryName(Folder)!), document.ToText());
        Assert.NotEmpty(NotebookParameters.Declared(document.Cells.First(c => c.Tags.Contains(NotebookCell.ParametersTag)).Source));
        Assert.Contains($"({name})", File.ReadAllText(Path.Combine(Folder, "README.md")));
    }
}
