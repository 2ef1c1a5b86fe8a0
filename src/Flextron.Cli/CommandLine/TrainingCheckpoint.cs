using System.Globalization;
using System.Text.Json;
using Flextron.Checkpoints;
using Flextron.Models;
using Flextron.Storage;
using Flextron.Training;
using static TorchSharp.torch;

namespace Flextron.Cli.CommandLine;

/// <summary>
/// Everything an interrupted training needs to go on as if nothing had happened: weights, both moments and the step, in one safetensors file that
/// is replaced whole. It also says what the training was of, so that it is not continued with something else.
/// </summary>
internal static class TrainingCheckpoint
{
    /// <summary>The file's name inside the output folder.</summary>
    public const string FileName = "training-checkpoint.safetensors";

    private const string StepKey = "step", SettingsKey = "settings";

    /// <summary>What a run is of; all of it must be the same when it is continued.</summary>
    /// <param name="Settings">How it trains.</param>
    /// <param name="Sources">Hashes of the family, the texts and the teacher.</param>
    internal sealed record TrainingIdentity(JointTrainingSettings Settings, IReadOnlyDictionary<string, string> Sources);

    /// <summary>Writes a checkpoint.</summary>
    public static void Save(string path, DecoderWeights weights, FlatAdamW optimizer, int step, TrainingIdentity identity)
    {
        var metadata = new Dictionary<string, string>(identity.Sources)
        {
            [StepKey] = step.ToString(CultureInfo.InvariantCulture),
            [SettingsKey] = Text(identity.Settings),
        };
        SafetensorsWriter.Write(
            path, [("weights", weights.Flat), ("firstMoment", optimizer.FirstMoment), ("secondMoment", optimizer.SecondMoment)], metadata: metadata);
    }

    /// <summary>Restores a checkpoint.</summary>
    /// <returns>Steps done.</returns>
    /// <exception cref="FlextronException">It is damaged, or of another training; the message says what differs.</exception>
    public static int Load(string path, DecoderWeights weights, FlatAdamW optimizer, TrainingIdentity identity)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        int step = StepOf(file, identity);
        file.CopyTo("weights", weights.Flat);
        file.CopyTo("firstMoment", optimizer.FirstMoment);
        file.CopyTo("secondMoment", optimizer.SecondMoment);
        return step;
    }

    /// <summary>Checks that a checkpoint is of this training, before time is spent on it.</summary>
    /// <exception cref="FlextronException">It is damaged, or of another training; the message says what differs.</exception>
    public static void Check(string path, TrainingIdentity identity)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        StepOf(file, identity);
    }

    private static int StepOf(SafetensorsFile file, TrainingIdentity identity)
    {
        string path = file.Path;
        if (!file.Metadata.TryGetValue(StepKey, out string? text) || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int step)
            || step > identity.Settings.Steps || !file.Metadata.TryGetValue(SettingsKey, out string? settings))
            throw new FlextronException($"{path} is not a checkpoint of this training: remove it, or choose another --out.");
        foreach ((string name, string hash) in identity.Sources)
        {
            if (!file.Metadata.TryGetValue(name, out string? saved) || saved != hash)
                throw new FlextronException($"{path} belongs to a training with another {name}: give the same one, or choose another --out.");
        }
        if (settings != Text(identity.Settings))
            throw new FlextronException($"{path} belongs to a training with another {Different(path, settings, identity.Settings)}: give the same settings, or choose another --out.");
        return step;
    }

    // How often it is measured changes nothing that is trained.
    private static string Text(JointTrainingSettings settings) => JsonSerializer.Serialize(settings with { EvaluateEvery = 0 }, FlextronJson.Compact);

    private static string Different(string path, string saved, JointTrainingSettings settings)
    {
        try
        {
            using JsonDocument a = JsonDocument.Parse(saved), b = JsonDocument.Parse(Text(settings));
            foreach (JsonProperty property in b.RootElement.EnumerateObject())
            {
                if (!a.RootElement.TryGetProperty(property.Name, out JsonElement before) || before.GetRawText() != property.Value.GetRawText())
                    return $"{property.Name} ({(before.ValueKind == JsonValueKind.Undefined ? "none" : before.GetRawText())}, now {property.Value.GetRawText()})";
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new FlextronException($"{path} is not a checkpoint of this training: remove it, or choose another --out.", e);
        }
        return "set of settings";
    }
}
