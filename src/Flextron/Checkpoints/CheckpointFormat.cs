namespace Flextron.Checkpoints;

/// <summary>How a checkpoint is laid out on disk.</summary>
public enum CheckpointFormat
{
    /// <summary>A folder with <c>config.json</c> and safetensors, as Hugging Face transformers writes it.</summary>
    HuggingFace,

    /// <summary>A folder like the former whose blocks no Hugging Face class describes: other tools refuse its <c>config.json</c>.</summary>
    Flextron,

    /// <summary>One <c>.bin</c> file as llama2.c reads it (its first, headerless-version layout, float32).</summary>
    Llama2C,
}
