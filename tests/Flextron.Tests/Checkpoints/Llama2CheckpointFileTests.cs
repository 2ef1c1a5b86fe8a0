using System.Text;
using Flextron.Checkpoints;
using Flextron.Models;
using Flextron.Tests.Reference;

namespace Flextron.Tests.Checkpoints;

public sealed class Llama2CheckpointFileTests : IDisposable
{
    private readonly TemporaryFolder folder = TestData.Temporary();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ReadsAndWritesAFileBuiltByHand(bool tied)
    {
        ModelConfig config = RandomLlama.TinyConfig(tied, headSize: 4);
        HfWeights reference = RandomLlama.Create(config, 1);
        byte[] file = ByHand(config, reference);
        File.WriteAllBytes(folder["m.bin"], file);
        using LoadedCheckpoint loaded = CheckpointLoader.Load(folder["m.bin"]);
        Assert.Equal(config, loaded.Config);
        Assert.Equal(CheckpointFormat.Llama2C, loaded.Format);
        HfWeights read = HfWeights.From(loaded.Weights);
        Assert.Equal(reference.Embedding, read.Embedding);
        Assert.Equal(reference.Head, read.Head);
        Assert.Equal(reference.Norm, read.Norm);
        foreach ((HfBlock wanted, HfBlock got) in reference.Blocks.Zip(read.Blocks))
        {
            Assert.Equal(wanted.InputNorm, got.InputNorm);
            Assert.Equal(wanted.Q, got.Q);
            Assert.Equal(wanted.K, got.K);
            Assert.Equal(wanted.V, got.V);
            Assert.Equal(wanted.O, got.O);
            Assert.Equal(wanted.PostNorm, got.PostNorm);
            Assert.Equal(wanted.Gate, got.Gate);
            Assert.Equal(wanted.Up, got.Up);
            Assert.Equal(wanted.Down, got.Down);
        }
        CheckpointWriter.Save(loaded.Weights, folder["again.bin"], CheckpointFormat.Llama2C);
        Assert.Equal(file, File.ReadAllBytes(folder["again.bin"]));
    }

    [Fact]
    public void PublishedModelSurvivesTheWayThroughHuggingFace()
    {
        string source = TestData.Shared("models/stories260k/stories260K.bin");
        using (LoadedCheckpoint first = CheckpointLoader.Load(source)) HuggingFaceCheckpoint.Save(first.Weights, folder["hf"]);
        using (LoadedCheckpoint second = CheckpointLoader.Load(folder["hf"])) Llama2CheckpointFile.Save(second.Weights, folder["m.bin"]);
        byte[] before = File.ReadAllBytes(source), after = File.ReadAllBytes(folder["m.bin"]);
        // The head is tied, so the rotary tables are the file's end: 512 positions, 8 numbers each.
        int tables = before.Length - 512 * 8 * 4;
        Assert.True(before.AsSpan(0, tables).SequenceEqual(after.AsSpan(0, tables)));
        Assert.Equal(before.Length, after.Length);
        for (int at = tables; at < before.Length; at += 4) Assert.Equal(BitConverter.ToSingle(before, at), BitConverter.ToSingle(after, at), 1e-4f);
    }

    // The published model has another norm epsilon than the format, so it is written as the same function with a scaled residual stream.
    [Fact]
    public void PublishedHuggingFaceModelIsTheSameFunctionInThisFormatAndBack()
    {
        int[] ids = [1, 80, 147, 201, 282, 215, 286, 598, 629, 10];
        using LoadedCheckpoint source = CheckpointLoader.Load(TestData.Shared("models/story656k-hf"));
        Llama2CheckpointFile.Save(source.Weights, folder["m.bin"]);
        using LoadedCheckpoint written = CheckpointLoader.Load(folder["m.bin"]);
        Assert.Equal((1e-6, true, 1e-5, false), (source.Config.NormEpsilon, source.Config.TiedEmbeddings, written.Config.NormEpsilon, written.Config.TiedEmbeddings));
        HuggingFaceCheckpoint.Save(written.Weights, folder["hf"]);
        using LoadedCheckpoint back = CheckpointLoader.Load(folder["hf"]);
        double[,] expected = NaiveLlama.Logits(source.Config, HfWeights.From(source.Weights), ids);
        foreach (LoadedCheckpoint other in (LoadedCheckpoint[])[written, back])
        {
            double[,] actual = NaiveLlama.Logits(other.Config, HfWeights.From(other.Weights), ids);
            double largest = 0;
            for (int t = 0; t < ids.Length; t++)
                for (int v = 0; v < source.Config.VocabularySize; v++) largest = Math.Max(largest, Math.Abs(expected[t, v] - actual[t, v]));
            // What rounding the scaled weights to float32 leaves.
            Assert.InRange(largest, 0, 1e-5);
        }
        Llama2CheckpointFile.Save(back.Weights, folder["again.bin"]);
        Assert.Equal(File.ReadAllBytes(folder["m.bin"]), File.ReadAllBytes(folder["again.bin"]));
    }

    [Fact]
    public void WhatTheFormatCannotSayIsRefused()
    {
        void Refused(ModelConfig config, string why)
        {
            using DecoderWeights weights = DecoderWeights.Allocate(config);
            string message = Assert.Throws<FlextronException>(() => Llama2CheckpointFile.Save(weights, folder["m.bin"])).Message;
            Assert.Contains(why, message, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
        }
        ModelConfig config = RandomLlama.TinyConfig(headSize: 4);
        Refused(config with { HeadSize = 6 }, "not 4 × 6 and 16");
        Refused(config with { RopeTheta = 20000 }, "has the rotary base 10000, not 20000");
        Refused(config with { BosId = 3 }, "has the token ids BOS 1 and EOS 2, not 3 and 2");
        Refused(config with { EosId = 3 }, "has the token ids BOS 1 and EOS 2, not 1 and 3");
        Refused(config with { OtherEosIds = new TokenIdList([5, 7]) }, "has the token ids BOS 1 and EOS 2, not 1 and 2, 5, 7");
    }

    [Fact]
    public void EveryOtherLengthIsRefused()
    {
        ModelConfig config = RandomLlama.TinyConfig(headSize: 4);
        byte[] file = ByHand(config, RandomLlama.Create(config, 2));
        foreach (byte[] content in (byte[][])[[], file[..27], file[..28], file[..^4], file[..^1], [.. file, 0]])
            Assert.Contains("is not a llama2.c checkpoint", Refusal(content), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0, "a width of 0")]
    [InlineData(0, -16, "a width of -16")]
    [InlineData(0, int.MaxValue, "cannot be split")]
    [InlineData(1, -1, "-1 neurons are not possible")]
    [InlineData(2, int.MaxValue, "blocks are not possible")]
    [InlineData(3, 0, "among 0 heads")]
    [InlineData(3, 16, "a head size of 1 cannot carry rotary positions")]
    [InlineData(4, 3, "4 heads cannot share 3 key/value heads evenly")]
    [InlineData(5, 0, "a vocabulary of 0 ids is not possible")]
    [InlineData(5, int.MinValue, "a vocabulary of 0 ids is not possible")]
    [InlineData(6, 0, "a context of 0 tokens is not possible")]
    [InlineData(6, 33, "its header asks for")]
    [InlineData(0, 0x616b3432, "of a later version")]
    [InlineData(0, 0x04034b50, "is a PyTorch pickle")]
    public void EveryFieldIsChecked(int field, int value, string why)
    {
        ModelConfig config = RandomLlama.TinyConfig(headSize: 4);
        byte[] file = ByHand(config, RandomLlama.Create(config, 3));
        BitConverter.GetBytes(value).CopyTo(file, 4 * field);
        Assert.Contains(why, Refusal(file), StringComparison.Ordinal);
    }

    private string Refusal(byte[] content)
    {
        File.WriteAllBytes(folder["m.bin"], content);
        return Assert.Throws<FlextronException>(() => CheckpointLoader.Load(folder["m.bin"]).Dispose()).Message;
    }

    // From the format's description: kinds in order, all layers of one kind together, rows of a rotary pair side by side.
    private static byte[] ByHand(ModelConfig config, HfWeights weights)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        int[] header = [config.HiddenSize, config.NeuronCount, config.BlockCount, config.HeadCount, config.KvGroupCount,
            config.TiedEmbeddings ? config.VocabularySize : -config.VocabularySize, config.ContextLength];
        foreach (int number in header) writer.Write(number);
        void Floats(double[] values)
        {
            foreach (double value in values) writer.Write((float)value);
        }
        void Rotary(double[] matrix)
        {
            int h = config.HeadSize, c = config.HiddenSize;
            for (int head = 0; head < matrix.Length / (h * c); head++)
                for (int row = 0; row < h; row++)
                    Floats(matrix[((head * h + row / 2 + row % 2 * (h / 2)) * c)..((head * h + row / 2 + row % 2 * (h / 2) + 1) * c)]);
        }
        Floats(weights.Embedding);
        foreach (HfBlock b in weights.Blocks) Floats(b.InputNorm);
        foreach (HfBlock b in weights.Blocks) Rotary(b.Q);
        foreach (HfBlock b in weights.Blocks) Rotary(b.K);
        foreach (HfBlock b in weights.Blocks) Floats(b.V);
        foreach (HfBlock b in weights.Blocks) Floats(b.O);
        foreach (HfBlock b in weights.Blocks) Floats(b.PostNorm);
        foreach (HfBlock b in weights.Blocks) Floats(b.Gate);
        foreach (HfBlock b in weights.Blocks) Floats(b.Down);
        foreach (HfBlock b in weights.Blocks) Floats(b.Up);
        Floats(weights.Norm);
        for (int part = 0; part < 2; part++)
            for (int t = 0; t < config.ContextLength; t++)
                for (int i = 0; i < config.HeadSize; i += 2)
                    writer.Write((float)(part == 0 ? Math.Cos(t * Math.Pow(10000, -(double)i / config.HeadSize)) : Math.Sin(t * Math.Pow(10000, -(double)i / config.HeadSize))));
        if (!config.TiedEmbeddings) Floats(weights.Head);
        writer.Flush();
        return stream.ToArray();
    }
}
