using System.Text;
using Flextron.Checkpoints;
using Flextron.Tests.Reference;

namespace Flextron.Tests.Checkpoints;

/// <summary>Two published models, loaded and computed by the naive reference: numbers known from their own programs.</summary>
public sealed class RealModelTests
{
    [Fact]
    public void HuggingFaceModelHasItsKnownLoss()
    {
        using LoadedCheckpoint model = CheckpointLoader.Load(TestData.Shared("models/story656k-hf"));
        int[] ids = [1, 80, 147, 201, 282, 215, 286, 598, 629, 10];
        double[,] logits = NaiveLlama.Logits(model.Config, HfWeights.From(model.Weights), ids);
        Assert.Equal(4.38769, NaiveLlama.MeanNll(logits, ids), 1e-4);
    }

    [Theory]
    [InlineData("models/stories260k/stories260K.bin")]
    [InlineData("models/stories260k")]
    public void Llama2CModelTellsItsKnownStory(string path)
    {
        const string Story = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park.";
        using LoadedCheckpoint model = CheckpointLoader.Load(TestData.Shared(path));
        byte[][] pieces = Pieces(TestData.Shared("models/stories260k/tokenizer.bin"), model.Config.VocabularySize);
        HfWeights weights = HfWeights.From(model.Weights);
        List<int> ids = [1];
        string text = "";
        while (text.Length < Story.Length)
        {
            double[,] logits = NaiveLlama.Logits(model.Config, weights, ids);
            ids.Add(Enumerable.Range(0, model.Config.VocabularySize).MaxBy(v => logits[ids.Count - 1, v]));
            text = Encoding.UTF8.GetString([.. ids.Skip(1).SelectMany(id => pieces[id])]).TrimStart(' ');
        }
        Assert.StartsWith(Story, text);
    }

    // llama2.c's tokenizer.bin: longest piece's length, then score, length and bytes of each piece.
    private static byte[][] Pieces(string path, int count)
    {
        using var reader = new BinaryReader(File.OpenRead(path));
        reader.ReadInt32();
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            reader.ReadSingle();
            return reader.ReadBytes(reader.ReadInt32());
        })];
    }
}
