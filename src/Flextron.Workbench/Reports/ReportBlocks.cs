using Flextron.Workbench.Figures;

namespace Flextron.Workbench.Reports;

/// <summary>One piece of a report.</summary>
internal abstract record ReportBlock;

internal sealed record HeadingBlock(int Level, string Text, string Id) : ReportBlock;

internal sealed record TextBlock(IReadOnlyList<TextGroup> Groups) : ReportBlock;

internal sealed record TableBlock(ReportTable Table) : ReportBlock;

internal sealed record FigureBlock(Figure Figure, string Name, int Number, SvgOptions? Options) : ReportBlock;

internal sealed record ColouredTextBlock(ColouredText Text, string Name, int Number, string Caption) : ReportBlock;

internal sealed record DetailsBlock(string Title, string Text) : ReportBlock;
