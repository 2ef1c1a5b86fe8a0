using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Html;
using Microsoft.DotNet.Interactive.Formatting;

namespace Flextron.Notebooks.Display;

/// <summary>
/// Turns values into displays. The only place that touches Microsoft.DotNet.Interactive.Formatting: notebooks register their own formatters
/// with its <c>Formatter.Register</c>, and the host's are registered here the same way.
/// </summary>
public static class ValueFormatter
{
    private const int LongestText = 200_000;
    private static readonly ConcurrentDictionary<Type, bool> Own = new();
    private static int prepared;

    /// <summary>The forms of a value. Never throws: a formatter that fails is shown as its message.</summary>
    /// <param name="value">Anything.</param>
    /// <param name="mimeTypes">Forms wanted; the preferred ones of the value's type where none are named. Plain text is always added.</param>
    public static MimeBundle Format(object? value, params string[] mimeTypes)
    {
        ArgumentNullException.ThrowIfNull(mimeTypes);
        Prepare();
        var data = new Dictionary<string, string>(StringComparer.Ordinal);
        if (value is RawContent raw)
        {
            data[raw.MimeType] = raw.Content;
            data.TryAdd(MimeTypes.Text, MimeTypes.IsJson(raw.MimeType) || raw.MimeType.StartsWith("text/", StringComparison.Ordinal) ? raw.Content : raw.MimeType);
            return new MimeBundle(data);
        }
        IEnumerable<string> wanted = mimeTypes.Length > 0 ? mimeTypes : Preferred(value);
        foreach (string mimeType in wanted.Append(MimeTypes.Text).Distinct(StringComparer.Ordinal))
        {
            if (Convert(value, mimeType) is { } text) data[mimeType] = text;
        }
        return new MimeBundle(data);
    }

    /// <summary>Registers a rich form for a type and all that derive from it; plain text must be among the forms of every type.</summary>
    internal static void Register<T>(params (string MimeType, Func<T, string> Format)[] forms)
    {
        foreach ((string mimeType, Func<T, string> format) in forms) Formatter.Register<T>((value, writer) => writer.Write(format(value)), mimeType);
        Formatter.SetPreferredMimeTypesFor(typeof(T), [.. forms.Select(f => f.MimeType)]);
    }

    /// <summary>The same for an open generic type.</summary>
    internal static void Register(Type type, params (string MimeType, Func<object, string> Format)[] forms)
    {
        foreach ((string mimeType, Func<object, string> format) in forms) Formatter.Register(type, (value, writer) => writer.Write(format(value)), mimeType);
        Formatter.SetPreferredMimeTypesFor(type, [.. forms.Select(f => f.MimeType)]);
    }

    /// <summary>Whether a value is one word or number, for which a table or a tree would be too much.</summary>
    internal static bool IsScalar(Type type) => Own.GetOrAdd(type, t =>
        t.IsPrimitive || t.IsEnum || t == typeof(string) || t == typeof(decimal) || t == typeof(DateTime) || t == typeof(DateTimeOffset) || t == typeof(DateOnly)
        || t == typeof(TimeOnly) || t == typeof(TimeSpan) || t == typeof(Guid) || t == typeof(Half) || t == typeof(System.Numerics.BigInteger) || t == typeof(Uri) || t == typeof(Version));

    private static void Prepare()
    {
        if (Interlocked.Exchange(ref prepared, 1) == 0) HostFormats.Register();
    }

    private static IEnumerable<string> Preferred(object? value)
    {
        if (value is null) return [MimeTypes.Text];
        Type type = value.GetType();
        // What a notebook registered for a scalar wins over the plain text it otherwise is.
        if (IsScalar(type)) return Formatter.RegisteredFormatters(false).Where(f => f.Type == type).Select(f => f.MimeType).DefaultIfEmpty(MimeTypes.Text).Take(1);
        return Formatter.GetPreferredMimeTypesFor(type);
    }

    private static string? Convert(object? value, string mimeType)
    {
        try
        {
            if (mimeType == MimeTypes.Text && Plain(value) is { } plain) return plain;
            if (mimeType == MimeTypes.Csv && value is Picture { Csv: null }) return null;
            string text = value.ToDisplayString(mimeType);
            return mimeType == MimeTypes.Text && text.Length > LongestText ? text[..LongestText] + "…" : text;
        }
        catch (Exception e)
        {
            string message = $"{value?.GetType().Name} cannot be shown as {mimeType}: {e.GetBaseException().Message}";
            return mimeType is MimeTypes.Text or MimeTypes.Html ? System.Net.WebUtility.HtmlEncode(message) : null;
        }
    }

    private static string? Plain(object? value)
    {
        if (value is null) return "null";
        if (value is HtmlString html) return html.Value;
        if (!IsScalar(value.GetType()) || Formatter.RegisteredFormatters(false).Any(f => f.Type == value.GetType() && f.MimeType == MimeTypes.Text)) return null;
        return value is IFormattable formattable ? formattable.ToString(null, CultureInfo.InvariantCulture) : value.ToString();
    }
}
