using Flextron.Models;
using Flextron.Training;
using Flextron.Workbench.Experiments;

namespace Flextron.Workbench.Studies;

/// <summary>About how much memory training a family takes, to decide how many go side by side. Meant to be too much rather than too little.</summary>
internal static class TrainingMemory
{
    // Weights, the original's, gradients, two moments, and room for a copy on the way to a file; float32.
    private const int CopiesOfWeights = 7;
    private const long Float = sizeof(float), Process = 256L << 20;

    /// <summary>From a model that is loaded.</summary>
    public static long Of(ModelConfig config, long parameters, JointTrainingSettings training)
    {
        long tokens = (long)training.BatchSize * Math.Min(training.SequenceLength, config.ContextLength);
        // What a block keeps for its backward pass, student and teacher: its products, and attention's scores.
        long block = 16L * config.HiddenSize + 6L * config.NeuronCount + 2L * config.HeadCount * Math.Min(training.SequenceLength, config.ContextLength);
        return Process + Float * (CopiesOfWeights * parameters + tokens * (2 * config.BlockCount * block + 6L * config.VocabularySize));
    }

    /// <summary>From a model's files, before it is loaded: 0 where it cannot be found, which running it will say better.</summary>
    public static long Of(ExperimentFolder experiment, string model, JointTrainingSettings training)
    {
        try
        {
            string path = new StudyPaths(experiment.Path).Resolve(model, () => Data.EmbeddedData.BaseModel);
            long bytes = File.Exists(path) ? new FileInfo(path).Length : new DirectoryInfo(path).EnumerateFiles("*.safetensors").Sum(f => f.Length);
            // Files may hold two bytes a weight. Activations are not known yet: as much again for each 4,096 tokens of a batch.
            long weights = 2 * bytes * CopiesOfWeights;
            return Process + weights + weights * training.BatchSize * training.SequenceLength / 4096;
        }
        catch (FlextronException)
        {
            return 0;
        }
    }
}
