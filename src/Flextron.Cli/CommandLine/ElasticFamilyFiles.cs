using Flextron.Checkpoints;
using Flextron.Elastic;
using Flextron.Storage;
using static TorchSharp.torch;

namespace Flextron.Cli.CommandLine;

/// <summary>Writes a family whose tokenizer may lie anywhere.</summary>
internal static class ElasticFamilyFiles
{
    /// <summary>Writes weights and tokenizer, and last the file that makes the folder a family.</summary>
    /// <param name="family">The family.</param>
    /// <param name="tokenizer">Folder or file of its tokenizer.</param>
    /// <param name="folder">The target.</param>
    /// <param name="dtype">Element type in the file.</param>
    public static void Write(ElasticFamily family, string tokenizer, string folder, ScalarType dtype)
    {
        CheckpointWriter.Save(family.Model.Weights, folder, CheckpointFormat.HuggingFace, dtype);
        ModelArgument.CopyTokenizer(tokenizer, folder);
        FlextronJson.WriteFile(Path.Combine(folder, FamilyManifest.FileName), family.Manifest);
    }
}
