using System.Globalization;
using System.Text;
using Deedle;

namespace Flextron.Workbench.Figures;

/// <summary>The numbers behind a figure as columns of text or numbers, from which both the data frame and the CSV come.</summary>
internal sealed class FigureTable
{
    private readonly List<string> _order = [];
    private readonly Dictionary<string, bool> _isText = [];
    private readonly List<FigureRow> _rows = [];

    public FigureTable(string x, string y)
    {
        XName = x;
        YName = y;
    }

    public string XName { get; }

    public string YName { get; }

    /// <summary>All rows of all series. Axes with the same title, or one that a fixed column already uses, get the axis letter added.</summary>
    public static FigureTable Of(Figure figure)
    {
        figure.Validate();
        string[] taken = ["series", "point", "lower", "upper", "left", "right", "smoothed", "from", "to", .. figure.Series.OfType<HeatMapSeries>().Select(s => s.Name)];
        string x = figure.X.Title, y = figure.Y.Title;
        bool same = x == y;
        if (same || taken.Contains(x)) x += " [x]";
        if (same || taken.Contains(y)) y += " [y]";
        var table = new FigureTable(x, y);
        foreach (FigureSeries series in figure.Series) series.AddRows(figure, table);
        return table;
    }

    public FigureRow Add()
    {
        var row = new FigureRow(this);
        _rows.Add(row);
        return row;
    }

    public Frame<int, string> ToFrame()
    {
        var builder = new FrameBuilder.Columns<int, string>();
        foreach (string column in _order)
        {
            int[] keys = [.. Enumerable.Range(0, _rows.Count).Where(i => _rows[i].Has(column))];
            builder.Add(column, _isText[column]
                ? new Series<int, string>(keys, keys.Select(i => _rows[i].TextOf(column)))
                : new Series<int, double>(keys, keys.Select(i => _rows[i].NumberOf(column))));
        }
        return builder.Frame;
    }

    public string ToCsv()
    {
        var csv = new StringBuilder();
        csv.AppendJoin(',', _order.Select(Quote)).Append('\n');
        foreach (FigureRow row in _rows)
            csv.AppendJoin(',', _order.Select(c => !row.Has(c) ? "" : _isText[c] ? Quote(row.TextOf(c)) : Number(row.NumberOf(c)))).Append('\n');
        return csv.ToString();
    }

    private static string Number(double value) => double.IsNaN(value) ? "" : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Quote(string text) =>
        text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;

    /// <summary>One row; columns appear in the order in which they are first used.</summary>
    internal sealed class FigureRow(FigureTable table)
    {
        private readonly Dictionary<string, string> _texts = [];
        private readonly Dictionary<string, double> _numbers = [];

        public FigureRow Text(string column, string value)
        {
            table.Use(column, isText: true);
            _texts[column] = value;
            return this;
        }

        public FigureRow Number(string column, double value)
        {
            table.Use(column, isText: false);
            _numbers[column] = value;
            return this;
        }

        public bool Has(string column) => _texts.ContainsKey(column) || _numbers.ContainsKey(column);

        public string TextOf(string column) => _texts[column];

        public double NumberOf(string column) => _numbers[column];
    }

    private void Use(string column, bool isText)
    {
        if (_isText.TryAdd(column, isText)) _order.Add(column);
    }
}
