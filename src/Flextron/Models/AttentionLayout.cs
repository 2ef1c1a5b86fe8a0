using static TorchSharp.torch;

namespace Flextron.Models;

/// <summary>Where the tokens of a forward pass stand and which of them see each other; the rest of attention is the same for all layouts.</summary>
internal abstract class AttentionLayout
{
    /// <summary>What is remembered of the tokens before, where rows are plain sequences behind such.</summary>
    public virtual KvCache? Cache => null;

    // Keys and values of the blocks that this pass has been through, where later ones attend to them too.
    private readonly Dictionary<int, (Tensor Key_BGSH, Tensor Value_BGSH)> passed = [];

    /// <summary>Keeps a block's keys and values for later blocks of the same pass; they live in the caller's dispose scope.</summary>
    public void Pass(int block, Tensor key_BGSH, Tensor value_BGSH) => passed[block] = (key_BGSH, value_BGSH);

    /// <summary>An earlier block's keys and values; null where this pass has not been through that block's attention.</summary>
    public (Tensor Key_BGSH, Tensor Value_BGSH)? Passed(int block) => passed.TryGetValue(block, out var held) ? held : null;

    /// <summary>Attention of every query to what it may see of two blocks, in one softmax.</summary>
    public virtual Tensor AttendBoth(int block, Tensor query_BLTH, Tensor key_BLSH, Tensor value_BLSH, Tensor earlierKey_BLSH, Tensor earlierValue_BLSH) =>
        throw new NotSupportedException("Two blocks are attended to in plain sequences only.");

    /// <summary>The rows of a stream whose output is wanted: all, or the picked ones packed as N rows.</summary>
    public virtual Tensor Asking(Tensor x_BTC) => x_BTC;

    /// <summary>Rotates keys by their positions, where the block rotates.</summary>
    public abstract Tensor RotateKeys(int block, Tensor key_BTGH);

    /// <summary>Rotates the queries of <see cref="Asking"/> by their positions, where the block rotates, and lays them out by row.</summary>
    public abstract Tensor RotateQueries(int block, Tensor query);

    /// <summary>Puts what stands before the new keys and values in front of them.</summary>
    public virtual (Tensor Key_BGSH, Tensor Value_BGSH) Extend(int block, Tensor key_BGTH, Tensor value_BGTH) => (key_BGTH, value_BGTH);

    /// <summary>Attention of every query to what it may see in a block.</summary>
    public abstract Tensor Attend(int block, Tensor query_BLTH, Tensor key_BLSH, Tensor value_BLSH);

    /// <summary>From heads by row to the rows that <see cref="Asking"/> gave.</summary>
    public virtual Tensor Answer(Tensor heads_BTLH) => heads_BTLH;
}
