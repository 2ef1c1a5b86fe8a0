using Flextron.CrossArchitecture;
using Flextron.Mixers;
using Flextron.Training;
using Flextron.Workbench.Experiments;
using Flextron.Workbench.Studies;

namespace Flextron.Workbench.TransferComparisons;

/// <summary>Everything that decides a comparison of transfers; the defaults suit models of up to a million parameters.</summary>
public sealed record TransferComparisonSettings
{
    /// <summary>Names the kind of experiment.</summary>
    public string Kind { get; init; } = TransferComparison.KindName;

    /// <summary>What the experiment asks, in a sentence; printed on its report.</summary>
    public string Question { get; init; } = "What do a Transformer's weights save a model of linear cost, and does freezing them first help?";

    /// <summary>The pretrained model, named like <see cref="StudySettings.Model"/>.</summary>
    public string Model { get; init; } = StudyPaths.Embedded;

    /// <summary>Its tokenizer, where that is not beside the model.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>The text and how it is parted.</summary>
    public CorpusSettings Corpus { get; init; } = new();

    /// <summary>Seeds of fresh weights and data order; every arm is trained once with each.</summary>
    public IReadOnlyList<long> Seeds { get; init; } = [1, 2, 3];

    /// <summary>The training, the same for every arm but for its learning rate; its seed is taken from <see cref="Seeds"/>.</summary>
    public JointTrainingSettings Training { get; init; } = new()
    {
        Steps = 300, BatchSize = 8, SequenceLength = 128, Strategy = SamplingStrategy.Full, NetworksPerStep = 1, LearningRate = 2e-3, DistillationWeight = 0, EvaluateEvery = 25,
    };

    /// <summary>The arms by name (letters, digits and '-'); empty for every mixer frozen first, not frozen, and from scratch.</summary>
    public IReadOnlyDictionary<string, TransferArm> Arms { get; init; } = new Dictionary<string, TransferArm>();

    /// <summary>Fills in the standard arms and checks everything.</summary>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public TransferComparisonSettings Resolved() => (this with { Arms = Arms.Count > 0 ? Arms : Standard() }).Validated();

    /// <summary>The arm from scratch that an arm is compared with: of the same mixer and kept blocks; null where there is none.</summary>
    internal string? Control(string arm) =>
        Arms.FirstOrDefault(a => a.Value.FromScratch && a.Value.Mixer == Arms[arm].Mixer && a.Value.Keep.SequenceEqual(Arms[arm].Keep)) is { Key: { } key } && key != arm ? key : null;

    /// <summary>The same arm without a freeze schedule; null for an arm that has none, or where there is no such other.</summary>
    internal string? Free(string arm) => Arms[arm].Freeze is null ? null : Arms.FirstOrDefault(a => a.Value.Freeze is null && a.Value.IsLike(Arms[arm])).Key;

    private static Dictionary<string, TransferArm> Standard()
    {
        var arms = new Dictionary<string, TransferArm>();
        foreach ((string name, MixerKind mixer) in new[] { ("retention", MixerKind.Retention), ("gla", MixerKind.GatedLinear), ("ssd", MixerKind.StateSpace) })
        {
            arms[name] = new TransferArm { Mixer = mixer, Freeze = new FreezeSettings() };
            arms[$"{name}-free"] = new TransferArm { Mixer = mixer };
            arms[$"{name}-scratch"] = new TransferArm { Mixer = mixer, FromScratch = true };
        }
        return arms;
    }

    private TransferComparisonSettings Validated()
    {
        static void Require(bool holds, string what)
        {
            if (!holds) throw new FlextronException($"Experiment settings: {what}.");
        }

        Require(Kind == TransferComparison.KindName, $"kind is \"{Kind}\" and these settings are of the kind \"{TransferComparison.KindName}\"");
        Require(Seeds.Count >= 1 && Seeds.Distinct().Count() == Seeds.Count, $"seeds are [{string.Join(", ", Seeds)}], give one or more, each once");
        Require(Training.DistillationWeight == 0, "training.distillationWeight is set, but the arms are compared by the text's own loss: leave it at 0");
        Require(Training.EvaluateEvery > 0, "training.evaluateEvery is 0, but the loss is followed over the steps: give 1 or more");
        foreach ((string name, TransferArm arm) in Arms)
        {
            Require(name.Length is > 0 and <= 40 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'), $"\"{name}\" cannot name an arm, use up to 40 letters, digits and '-'");
            Require(!(arm.FromScratch && arm.Freeze is { Enabled: true }), $"arms.{name} starts from scratch, so there is nothing to freeze: leave one of both out");
            arm.Transfer(Seeds[0]);
            arm.Freeze?.Validated();
            (Training with { LearningRate = arm.LearningRate ?? Training.LearningRate }).Validated();
        }
        Corpus.Validated();
        return this;
    }
}
