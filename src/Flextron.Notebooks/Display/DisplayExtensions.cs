using System.Collections;
using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Html;

namespace Flextron.Notebooks.Display;

/// <summary>Displays as extension methods.</summary>
public static class DisplayExtensions
{
    private const int MostRows = 100;

    /// <summary>Shows a value now.</summary>
    public static DisplayedValue Display(this object? value, params string[] mimeTypes) => NotebookFunctions.display(value, mimeTypes);

    /// <summary>Shows text as what it is: <c>"&lt;b&gt;x&lt;/b&gt;".DisplayAs("text/html")</c>.</summary>
    public static DisplayedValue DisplayAs(this string value, string mimeType)
    {
        ArgumentException.ThrowIfNullOrEmpty(mimeType);
        return NotebookFunctions.display(new RawContent(mimeType, value), mimeType);
    }

    /// <summary>Shows a sequence as a table with a column per property; the first hundred rows.</summary>
    public static DisplayedValue DisplayTable<T>(this IEnumerable<T> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return NotebookFunctions.display(TableOf(rows));
    }

    internal static TextGrid TableOf<T>(IEnumerable<T> rows)
    {
        List<T> shown = [.. rows.Take(MostRows + 1)];
        bool more = shown.Count > MostRows;
        if (more) shown.RemoveAt(MostRows);
        if (shown.FirstOrDefault() is IDictionary first)
        {
            object[] keys = [.. first.Keys.Cast<object>()];
            return new TextGrid([.. keys.Select(Text)], [.. shown.Select(r => keys.Select(k => Text(((IDictionary)r!)[k])).ToArray())], more ? "…" : null);
        }
        Type type = shown.FirstOrDefault()?.GetType() ?? typeof(T);
        if (ValueFormatter.IsScalar(type)) return new TextGrid(["value"], [.. shown.Select(r => new[] { Text(r) })], more ? "…" : null);
        PropertyInfo[] properties = [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanRead && p.GetIndexParameters().Length == 0)];
        FieldInfo[] fields = type.GetFields(BindingFlags.Public | BindingFlags.Instance);
        return new TextGrid(
            [.. properties.Select(p => p.Name), .. fields.Select(f => f.Name)],
            [.. shown.Select(r => properties.Select(p => Text(p.GetValue(r))).Concat(fields.Select(f => Text(f.GetValue(r)))).ToArray())],
            more ? "…" : null);
    }

    private static string Text(object? value) => value switch
    {
        null => "",
        double d => d.ToString("G7", CultureInfo.InvariantCulture),
        float f => f.ToString("G7", CultureInfo.InvariantCulture),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        string s => s,
        IHtmlContent h => h.ToString() ?? "",
        IEnumerable e => string.Join(", ", e.Cast<object?>().Take(10).Select(Text)),
        _ => value.ToString() ?? "",
    };
}
