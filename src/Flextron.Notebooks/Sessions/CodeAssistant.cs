using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Completion;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.QuickInfo;
using Microsoft.CodeAnalysis.Text;

namespace Flextron.Notebooks.Sessions;

/// <summary>Completion and descriptions while a cell is typed, by Roslyn's language service over the submissions that have run.</summary>
internal sealed class CodeAssistant : IDisposable
{
    private const int MostItems = 500;
    private static readonly ConcurrentDictionary<string, MetadataReference> Own = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private readonly AdhocWorkspace workspace = new();
    private readonly ImmutableArray<string> imports;
    private ProjectId? last;
    private int count;

    public CodeAssistant(ImmutableArray<string> imports) => this.imports = imports;

    /// <summary>Makes what a cell declared known to the next ones.</summary>
    public void Submitted(string code, ImmutableArray<MetadataReference> references)
    {
        lock (gate)
        {
            Document document = AddTo(workspace.CurrentSolution, code, references);
            if (workspace.TryApplyChanges(document.Project.Solution)) last = document.Project.Id;
        }
    }

    /// <summary>What could be typed.</summary>
    public async Task<CodeCompletions> CompleteAsync(string code, int position, ImmutableArray<MetadataReference> references, CancellationToken cancellation)
    {
        position = Math.Clamp(position, 0, code.Length);
        int start = WordStart(code, position);
        Document document = Draft(code, references);
        var service = CompletionService.GetService(document);
        CompletionList? list = service is null ? null : await service.GetCompletionsAsync(document, position, cancellationToken: cancellation).ConfigureAwait(false);
        if (list is null) return new CodeCompletions([], position, position);
        string typed = code[start..position];
        CodeCompletion[] items =
        [
            .. list.ItemsList.Where(i => i.DisplayText.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
                .OrderByDescending(i => i.DisplayText.StartsWith(typed, StringComparison.Ordinal)).ThenBy(i => i.SortText, StringComparer.OrdinalIgnoreCase)
                .Select(i => new CodeCompletion(i.DisplayText, i.Tags.FirstOrDefault()?.ToLowerInvariant() ?? "text")).DistinctBy(i => i.Text).Take(MostItems),
        ];
        return new CodeCompletions(items, start, position);
    }

    /// <summary>What stands at a place.</summary>
    public async Task<string?> DescribeAsync(string code, int position, ImmutableArray<MetadataReference> references, CancellationToken cancellation)
    {
        Document document = Draft(code, references);
        var service = QuickInfoService.GetService(document);
        if (service is null) return null;
        foreach (int at in (int[])[Math.Clamp(position, 0, code.Length), Math.Clamp(position - 1, 0, code.Length)])
        {
            QuickInfoItem? item = await service.GetQuickInfoAsync(document, at, cancellation).ConfigureAwait(false);
            if (item is not null && item.Sections.Length > 0) return string.Join('\n', item.Sections.Select(s => s.Text));
        }
        return null;
    }

    /// <summary>Whether code is a whole.</summary>
    public static string Completeness(string code)
    {
        SyntaxTree tree = CSharpSyntaxTree.ParseText(code, CellParser.Options);
        if (!SyntaxFactory.IsCompleteSubmission(tree)) return "incomplete";
        return tree.GetDiagnostics().Any(d => d.Severity == DiagnosticSeverity.Error && d.Id is not "CS1024") ? "invalid" : "complete";
    }

    /// <inheritdoc/>
    public void Dispose() => workspace.Dispose();

    private Document Draft(string code, ImmutableArray<MetadataReference> references)
    {
        lock (gate) return AddTo(workspace.CurrentSolution, code, references);
    }

    private Document AddTo(Solution solution, string code, ImmutableArray<MetadataReference> references)
    {
        string name = "Submission" + count++.ToString(CultureInfo.InvariantCulture);
        var id = ProjectId.CreateNewId(name);
        var options = new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, usings: last is null ? imports : [], scriptClassName: name);
        Solution with = solution.AddProject(ProjectInfo.Create(
            id, VersionStamp.Create(), name, name, LanguageNames.CSharp, compilationOptions: options, parseOptions: CellParser.Options,
            projectReferences: last is null ? null : [new ProjectReference(last)], metadataReferences: references.Select(Copy).Distinct(), isSubmission: true));
        var document = DocumentId.CreateNewId(id);
        with = with.AddDocument(DocumentInfo.Create(document, name + ".csx", sourceCodeKind: SourceCodeKind.Script, loader: TextLoader.From(TextAndVersion.Create(SourceText.From(code), VersionStamp.Create()))));
        return with.GetDocument(document)!;
    }

    // Compilations that share reference objects share symbols as well, and those of the running script must stay its own.
    private static MetadataReference Copy(MetadataReference reference)
    {
        if (reference is not PortableExecutableReference { FilePath: { } path }) return reference;
        return Own.GetOrAdd(path, p =>
        {
            string documentation = Path.ChangeExtension(p, ".xml");
            return MetadataReference.CreateFromFile(p, documentation: File.Exists(documentation) ? XmlDocumentationProvider.CreateFromFile(documentation) : null);
        });
    }

    private static int WordStart(string code, int position)
    {
        int start = position;
        while (start > 0 && (char.IsLetterOrDigit(code[start - 1]) || code[start - 1] == '_')) start--;
        return start;
    }
}
