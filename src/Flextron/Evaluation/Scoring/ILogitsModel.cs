using Flextron.Models;
using static TorchSharp.torch;

namespace Flextron.Evaluation.Scoring;

/// <summary>A causal language model as scoring sees it: trees of ids in, next-token logits of the picked places out, in two steps.</summary>
public interface ILogitsModel
{
    /// <summary>V: number of logits per place.</summary>
    int VocabularySize { get; }

    /// <summary>Longest path in tokens.</summary>
    int ContextLength { get; }

    /// <summary>How many batches it computes best side by side, each on a share of the processor's threads; 1 where it fills them all with one batch.</summary>
    int Workers => 1;

    /// <summary>The same model for another thread: the weights are shared, what is kept between batches is not.</summary>
    ILogitsModel ForThread() => this;

    /// <summary>What the output layer reads at the picked places; each sees its own path and nothing else.</summary>
    /// <returns>One row per pick, in their order, on the model's device.</returns>
    Tensor Hidden(TokenTrees trees);

    /// <summary>The output layer, given some of these rows at a time: logits of all at once would not fit where the vocabulary is large.</summary>
    /// <returns>Float32 logits of the next token, V for each row.</returns>
    Tensor Logits(Tensor hidden_NC);
}
