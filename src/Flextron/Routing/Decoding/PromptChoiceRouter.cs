using Flextron.Inference.Decoding;
using Flextron.Kernels;
using Flextron.Models;
using Flextron.Routing.Dynamic;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Routing.Decoding;

/// <summary>
/// A <see cref="TokenChoiceRouter"/> that reads prompts at once: their tokens go through a <see cref="DynamicModel"/> together, in real slices, and the
/// keys and values are handed to the decode engine, which goes on token by token. With <see cref="BudgetKeeping.Capacities"/> a prompt's widths are chosen
/// in view of all of it.
/// </summary>
/// <param name="choices">Chooses; for one sequence from its beginning.</param>
/// <param name="model">The LM that the engine decodes.</param>
public sealed class PromptChoiceRouter(ITokenChoices choices, DynamicModel model) : IPromptRouter
{
    private readonly TokenChoiceRouter single = new(choices, model.Space);

    /// <inheritdoc/>
    public int KvGroups(int block, ReadOnlySpan<float> hidden_C) => single.KvGroups(block, hidden_C);

    /// <inheritdoc/>
    public int Neurons(int block, ReadOnlySpan<float> hidden_C) => single.Neurons(block, hidden_C);

    /// <inheritdoc/>
    public void ReadPrompt(ReadOnlySpan<int> tokens, IPromptKeys kept)
    {
        ArgumentNullException.ThrowIfNull(kept);
        using var scope = NewDisposeScope();
        using var recorded = new RecordedChoices(choices);
        using DynamicCache cache = model.NewCache(1, tokens.Length);
        model.Hidden(tensor(Array.ConvertAll(tokens.ToArray(), i => (long)i)).unsqueeze(0), recorded, cache);
        for (int block = 0; block < model.Model.Config.BlockCount; block++)
        {
            int[] choice_T = recorded.Of(block)[0];
            int first = 0;
            for (int level = 0; level < model.Space.KvGroups.Length; level++)
            {
                int[] positions = [.. Enumerable.Range(0, choice_T.Length).Where(t => choice_T[t] >= level)];
                HandOver(cache.At(block, level), positions, block, first, model.Space.KvGroups[level] - first, kept);
                first = model.Space.KvGroups[level];
            }
        }
    }

    // A level's packed rows: tokens that reach it, each with its groups' heads.
    private unsafe void HandOver(RaggedCache level, int[] positions, int block, int firstGroup, int groups, IPromptKeys kept)
    {
        if (groups == 0 || positions.Length == 0) return;
        using var scope = NewDisposeScope();
        int size = model.Model.Config.HeadSize;
        (Tensor keys_1SW, Tensor values_1SW) = level.First(positions.Length);
        Tensor keys = keys_1SW.to(ScalarType.Float32).contiguous(), values = values_1SW.to(ScalarType.Float32).contiguous();
        float* key = TensorPointer.Of<float>(keys), value = TensorPointer.Of<float>(values);
        foreach (int position in positions)
            for (int g = 0; g < groups; g++, key += size, value += size)
                kept.Append(block, firstGroup + g, position, new ReadOnlySpan<float>(key, size), new ReadOnlySpan<float>(value, size));
    }
}
