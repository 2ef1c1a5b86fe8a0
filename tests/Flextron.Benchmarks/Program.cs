using System.Globalization;
using Flextron;
using Flextron.Workbench.Benchmarks;
using Flextron.Workbench.Display;

// Benchmarks by group, on an otherwise idle machine:
//   dotnet run -c Release --project tests/Flextron.Benchmarks -- [GROUP | GROUP/NAME]… [--rounds N] [--out FOLDER]
// Prints the report and writes benchmarks.json and benchmarks.md. The exit code is 1 where a promised bound does not hold, 2 on a mistake.
var selected = new List<string>();
var options = new BenchmarkOptions();
string folder = "benchmark-results";
try
{
    for (int i = 0; i < args.Length; i++)
    {
        string Value() => ++i < args.Length ? args[i] : throw new FlextronException($"{args[i - 1]} needs a value.");
        if (args[i] == "--rounds") options = options with { Rounds = int.TryParse(Value(), CultureInfo.InvariantCulture, out int n) ? n : 0 };
        else if (args[i] == "--out") folder = Value();
        else if (args[i].StartsWith('-')) throw new FlextronException($"There is no option {args[i]}: --rounds N and --out FOLDER are the ones.");
        else selected.Add(args[i]);
    }
    using IProgressDisplay display = ProgressDisplay.Create();
    BenchmarkReport report = BenchmarkRunner.Run(selected, options, display);
    report.Write(folder);
    Console.WriteLine(report.ToMarkdown());
    return report.AllHold ? 0 : 1;
}
catch (FlextronException e)
{
    Console.Error.WriteLine($"benchmarks: {e.Message}");
    return 2;
}
