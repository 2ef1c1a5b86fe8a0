using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Scripting;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Scripting;

namespace Flextron.Notebooks.Sessions;

/// <summary>The C# script that grows by one submission a cell: what a cell declares is there for the next one.</summary>
internal sealed class ScriptEngine
{
    /// <summary>The namespaces that C# notebooks have always had without a using, and the host's own display surface.</summary>
    public static ImmutableArray<string> Imports { get; } =
    [
        "System", "System.Text", "System.Collections", "System.Collections.Generic", "System.Threading.Tasks", "System.Linq",
        "Flextron.Notebooks.Display", "Flextron.Notebooks.Display.NotebookFunctions",
    ];

    private static readonly Lazy<ImmutableArray<MetadataReference>> Host = new(HostReferences);
    private ScriptOptions options;
    private ScriptState<object>? state;

    /// <summary>Begins an empty script.</summary>
    /// <param name="workingDirectory">Where <c>#load "x.csx"</c> and <c>#r "x.dll"</c> begin.</param>
    public ScriptEngine(string workingDirectory)
    {
        options = ScriptOptions.Default
            .WithReferences(Host.Value).WithImports(Imports).WithLanguageVersion(LanguageVersion.Latest).WithFileEncoding(Encoding.UTF8)
            .WithEmitDebugInformation(true).WithOptimizationLevel(OptimizationLevel.Release).WithAllowUnsafe(true)
            .WithMetadataResolver(ScriptMetadataResolver.Default.WithBaseDirectory(workingDirectory).WithSearchPaths(workingDirectory))
            .WithSourceResolver(ScriptSourceResolver.Default.WithBaseDirectory(workingDirectory));
    }

    /// <summary>What code is compiled against, for completion.</summary>
    public ImmutableArray<MetadataReference> References => options.MetadataReferences;

    /// <summary>A compiled submission.</summary>
    /// <param name="Script">To be run.</param>
    /// <param name="Errors">Why it cannot be.</param>
    /// <param name="HasValue">Whether it ends in an expression whose value is shown.</param>
    public sealed record Prepared(Script<object> Script, IReadOnlyList<Diagnostic> Errors, bool HasValue);

    /// <summary>Adds assemblies that later code may use.</summary>
    public void AddReferences(IEnumerable<string> paths) => options = options.AddReferences(paths.Select(p => MetadataReference.CreateFromFile(p)));

    /// <summary>Compiles code as the next submission; nothing runs yet.</summary>
    /// <param name="code">The code.</param>
    /// <param name="file">Its name in stack traces.</param>
    /// <param name="cancellation">Stops the compiler.</param>
    public Prepared Prepare(string code, string file, CancellationToken cancellation)
    {
        ScriptOptions named = options.WithFilePath(file);
        Script<object> script = state is null ? CSharpScript.Create<object>(code, named) : state.Script.ContinueWith<object>(code, named);
        Diagnostic[] errors = [.. script.Compile(cancellation).Where(d => d.Severity == DiagnosticSeverity.Error)];
        return new Prepared(script, errors, errors.Length == 0 && EndsInValue(script.GetCompilation(), cancellation));
    }

    /// <summary>Runs a submission; call it on the cell thread. What it declared before an exception stays.</summary>
    /// <returns>The value of its last expression, or the exception that it threw.</returns>
    public async Task<(object? Value, Exception? Error)> RunAsync(Prepared prepared, CancellationToken cancellation)
    {
        // No ConfigureAwait(false) here: continuations belong to the cell thread.
#pragma warning disable CA2007
        state = state is null
            ? await prepared.Script.RunAsync(globals: null, catchException: _ => true, cancellation)
            : await prepared.Script.RunFromAsync(state, catchException: _ => true, cancellation);
#pragma warning restore CA2007
        return (state.Exception is null ? state.ReturnValue : null, state.Exception);
    }

    private static bool EndsInValue(Compilation compilation, CancellationToken cancellation)
    {
        SyntaxTree tree = compilation.SyntaxTrees.Last();
        if ((tree.GetRoot(cancellation) as CompilationUnitSyntax)?.Members.LastOrDefault() is not GlobalStatementSyntax { Statement: ExpressionStatementSyntax last }) return false;
        if (!last.SemicolonToken.IsMissing) return false;
        return compilation.GetSemanticModel(tree).GetTypeInfo(last.Expression, cancellation).Type is not { SpecialType: SpecialType.System_Void };
    }

    private static ImmutableArray<MetadataReference> HostReferences()
    {
        string assemblies = AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") as string ?? "";
        return
        [
            .. assemblies.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Where(File.Exists).Select(path => MetadataReference.CreateFromFile(path)),
        ];
    }
}
