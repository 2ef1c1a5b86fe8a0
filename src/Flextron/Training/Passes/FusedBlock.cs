using Flextron.Models;
using Flextron.Native;
using static TorchSharp.torch;

namespace Flextron.Training.Passes;

/// <summary>Forward and backward pass of one block at the width of a view; parts that keep nothing are passed by.</summary>
public sealed class FusedBlock
{
    private readonly FusedAttention? attention;
    private readonly FusedMlp? mlp;

    /// <summary>Prepares one pass over a batch.</summary>
    /// <param name="model">Whose block it is; see <see cref="FusedPass.Fits"/>.</param>
    /// <param name="index">Which block.</param>
    /// <param name="weights">Its slices, float32 or bfloat16.</param>
    /// <param name="gradients">The same slices of the float32 gradient buffer.</param>
    /// <param name="batch">B.</param>
    /// <param name="time">T.</param>
    /// <exception cref="FlextronException">T is beyond the model's context.</exception>
    public FusedBlock(DecoderModel model, int index, WeightView weights, WeightView gradients, long batch, long time)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(gradients);
        if (time > model.Config.ContextLength)
            throw new FlextronException($"{time} tokens do not fit the model's context of {model.Config.ContextLength}: shorten the sequences.");
        FreedMemory.Keep();
        (BlockView block, BlockView target) = (weights.Blocks[index], gradients.Blocks[index]);
        var shape = new FusedShape(model.Config, batch, time, model.Rotary.Turns(index) ? model.Rotary.Angles(time) : null);
        if (block.Shape.KvGroups > 0) attention = new FusedAttention(block, target, shape);
        if (block.Shape.Neurons > 0) mlp = new FusedMlp(block, target, shape);
    }

    /// <summary>The residual stream behind the block. Call without gradient recording, and <see cref="Backward"/> once after it.</summary>
    /// <param name="x_NC">float32, N = B·T rows; must live until the backward pass.</param>
    public Tensor Forward(Tensor x_NC)
    {
        Tensor middle_NC = attention is null ? x_NC : attention.Forward(x_NC);
        return mlp is null ? middle_NC : mlp.Forward(middle_NC);
    }

    /// <summary>Turns the gradient behind the block into that in front of it, and adds the weights' gradients to theirs.</summary>
    /// <param name="gradient_NC">float32, changed in place.</param>
    public void Backward(Tensor gradient_NC)
    {
        mlp?.Backward(gradient_NC);
        attention?.Backward(gradient_NC);
    }
}
