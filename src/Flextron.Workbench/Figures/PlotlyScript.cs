using System.Reflection;

namespace Flextron.Workbench.Figures;

/// <summary>The plotly.js that the Plotly.NET package carries, so that interactive figures open without a network.</summary>
public static class PlotlyScript
{
    private static readonly Lazy<(string Source, string License)> Resource = new(Read);

    /// <summary>The minified script; safe inside a script element.</summary>
    public static string Source => Resource.Value.Source;

    /// <summary>The licenses of the script's parts.</summary>
    public static string License => Resource.Value.License;

    private static (string Source, string License) Read()
    {
        Assembly assembly = typeof(Plotly.NET.GenericChart).Assembly;
        string[] names = assembly.GetManifestResourceNames();
        string script = Text(assembly, names.SingleOrDefault(n => n.EndsWith(".min.js", StringComparison.Ordinal)));
        string license = Text(assembly, names.SingleOrDefault(n => n.EndsWith(".min.js.LICENSE.txt", StringComparison.Ordinal)));
        return (script.Replace("</script", "<\\/script", StringComparison.OrdinalIgnoreCase), license);
    }

    private static string Text(Assembly assembly, string? name)
    {
        if (name is null) throw new FlextronException($"{assembly.GetName().Name} {assembly.GetName().Version} carries no plotly.js; use the package version that this project pins.");
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
