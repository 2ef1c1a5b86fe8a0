using Flextron.Mixers;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Tests.Mixers;

public sealed class LinearRecurrenceTests
{
    private const int B = 2, G = 2, R = 3, K = 4, V = 5;

    public static TheoryData<MixerForm, bool, int, int> Cases()
    {
        var cases = new TheoryData<MixerForm, bool, int, int>();
        foreach (bool perChannel in (bool[])[false, true])
        {
            foreach (int time in (int[])[1, 5, 37, 150])
            {
                cases.Add(MixerForm.Parallel, perChannel, time, 0);
                cases.Add(MixerForm.Recurrent, perChannel, time, 0);
                foreach (int chunk in (int[])[0, 1, 4, 16]) cases.Add(MixerForm.Chunked, perChannel, time, chunk);
            }
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryFormIsTheDefinition(MixerForm form, bool perChannel, int time, int chunk)
    {
        using var scope = NewDisposeScope();
        Inputs exact = Random(time, perChannel, ScalarType.Float64, seed: time + chunk);
        (double[] output, double[] state) = Naive(exact);

        (Tensor wideOutput, Tensor wideState) = exact.Run(form, chunk);
        AssertClose(output, wideOutput, 1e-10);
        AssertClose(state, wideState, 1e-10);

        (Tensor narrowOutput, Tensor narrowState) = exact.To(ScalarType.Float32).Run(form, chunk);
        AssertClose(output, narrowOutput, 1e-4);
        AssertClose(state, narrowState, 1e-4);
    }

    [Theory]
    [InlineData(MixerForm.Parallel)]
    [InlineData(MixerForm.Chunked)]
    [InlineData(MixerForm.Recurrent)]
    public void ATextMayBeReadInPieces(MixerForm form)
    {
        using var scope = NewDisposeScope();
        Inputs whole = Random(29, perChannel: true, ScalarType.Float64, seed: 5);
        (Tensor output, Tensor state) = whole.Run(form, 8);

        (Tensor first, Tensor between) = whole.Part(0, 11).Run(form, 8);
        (Tensor second, Tensor last) = (whole.Part(11, 18) with { State = between }).Run(form, 8);

        Assert.True(cat([first, second], 3).sub(output).abs().max().item<double>() < 1e-12);
        Assert.True(last.sub(state).abs().max().item<double>() < 1e-12);
    }

    [Theory]
    [InlineData(false, 0.0)]
    [InlineData(true, 0.0)]
    [InlineData(false, -1e-7)]
    [InlineData(true, -1e-7)]
    [InlineData(false, -40.0)]
    [InlineData(true, -40.0)]
    [InlineData(false, -1e5)]
    [InlineData(true, -1e5)]
    public void LongSequencesNeitherOverflowNorLoseTheirDecays(bool perChannel, double logDecay)
    {
        using var scope = NewDisposeScope();
        // Half of the tokens decay by this much, half hardly: sums over the sequence reach far beyond what an exponential can take.
        Inputs x = Random(4096, perChannel, ScalarType.Float64, seed: 9);
        x = x with { LogDecay = where(x.LogDecay < x.LogDecay.mean(), full_like(x.LogDecay, logDecay), x.LogDecay * 1e-3), State = null };
        (Tensor expected, Tensor expectedState) = x.Run(MixerForm.Recurrent, 0);

        (Tensor output, Tensor state) = x.To(ScalarType.Float32).Run(MixerForm.Chunked, 0);

        double scale = expected.abs().max().item<double>();
        Assert.True(output.isfinite().all().item<bool>());
        Assert.True(output.to(ScalarType.Float64).sub(expected).abs().max().item<double>() < 2e-4 * scale);
        Assert.True(state.to(ScalarType.Float64).sub(expectedState).abs().max().item<double>() < 2e-4 * Math.Max(1, expectedState.abs().max().item<double>()));
    }

    [Fact]
    public void DecayToNothingIsExactAndItsGradientANumber()
    {
        using var scope = NewDisposeScope();
        Inputs x = Random(20, perChannel: true, ScalarType.Float64, seed: 2);
        Tensor decay = x.LogDecay.clone();
        decay.select(2, 10).fill_(double.NegativeInfinity);
        x = x with { LogDecay = decay.requires_grad_(true) };

        foreach (MixerForm form in Enum.GetValues<MixerForm>())
        {
            (Tensor output, _) = x.Run(form, 4);
            (Tensor alone, _) = (x.Part(10, 10) with { State = null }).Run(MixerForm.Recurrent, 0);
            Assert.True(output.narrow(3, 10, 10).sub(alone).abs().max().item<double>() < 1e-12, form.ToString());
        }
        x.Run(MixerForm.Chunked, 4).Output.sum().backward();
        Assert.True(decay.grad!.isfinite().all().item<bool>());
    }

    [Fact]
    public void SegmentSumsAreSumsOfTheSegmentAlone()
    {
        using var scope = NewDisposeScope();
        float[] values = [-1e6f, -0.25f, -0.125f, -1e6f, -0.0625f];
        Tensor sums = LinearRecurrence.SegmentSums(tensor(values));

        for (int i = 0; i < values.Length; i++)
        {
            for (int j = 0; j < values.Length; j++)
            {
                double expected = i < j ? double.NegativeInfinity : values.Skip(j + 1).Take(i - j).Sum(v => (double)v);
                Assert.Equal(expected, sums[i, j].item<float>(), i == j ? 0.0 : Math.Abs(expected) * 1e-7);
            }
        }
        // The difference of two running sums would be 0 here.
        Assert.Equal(-0.375, sums[2, 0].item<float>());
    }

    [Theory]
    [InlineData(MixerForm.Parallel, false)]
    [InlineData(MixerForm.Parallel, true)]
    [InlineData(MixerForm.Chunked, false)]
    [InlineData(MixerForm.Chunked, true)]
    [InlineData(MixerForm.Recurrent, true)]
    public void GradientsAreFiniteDifferences(MixerForm form, bool perChannel)
    {
        using var scope = NewDisposeScope();
        Inputs x = Random(7, perChannel, ScalarType.Float64, seed: 3);
        Tensor[] leaves = [.. x.All.Select(t => t.detach().clone().requires_grad_(true))];
        Tensor weight = randn([B, G, R, 7, V], dtype: ScalarType.Float64), stateWeight = randn([B, G, K, V], dtype: ScalarType.Float64);
        double Loss(Tensor[] at)
        {
            using var inner = NewDisposeScope();
            return Value(at).item<double>();
        }

        Tensor Value(Tensor[] at)
        {
            (Tensor output, Tensor state) = Inputs.Of(at).Run(form, 3);
            return (output * weight).sum() + (state * stateWeight).sum();
        }

        Value(leaves).backward();
        var random = new Random(4);
        using var noGrad = no_grad();
        for (int leaf = 0; leaf < leaves.Length; leaf++)
        {
            for (int i = 0; i < 8; i++)
            {
                int at = random.Next((int)leaves[leaf].numel());
                double Shifted(double by)
                {
                    Tensor[] moved = [.. leaves];
                    moved[leaf] = leaves[leaf].detach().clone();
                    moved[leaf].view(-1)[at].add_(by);
                    return Loss(moved);
                }

                double expected = (Shifted(1e-5) - Shifted(-1e-5)) / 2e-5;
                Assert.Equal(expected, leaves[leaf].grad!.reshape(-1)[at].item<double>(), 1e-6 * Math.Max(1, Math.Abs(expected)));
            }
        }
    }

    private static Inputs Random(int time, bool perChannel, ScalarType dtype, int seed)
    {
        using var generator = new Generator((ulong)seed);
        Tensor Normal(params long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: generator).to(dtype);
        return new Inputs(
            Normal(B, G, R, time, K), Normal(B, G, time, K), Normal(B, G, time, V), -Normal(B, G, time, perChannel ? K : 1).abs() * 0.3, Normal(B, G, K, V));
    }

    // The recurrence of the definition, one number at a time.
    private static (double[] Output, double[] State) Naive(Inputs x)
    {
        int time = (int)x.Key.size(2), d = (int)x.LogDecay.size(3);
        double[] q = Values(x.Query), k = Values(x.Key), v = Values(x.Value), a = Values(x.LogDecay), state = Values(x.State!);
        double[] output = new double[B * G * R * time * V];
        for (int bg = 0; bg < B * G; bg++)
        {
            for (int t = 0; t < time; t++)
            {
                for (int i = 0; i < K; i++)
                    for (int j = 0; j < V; j++)
                    {
                        int at = (bg * K + i) * V + j;
                        state[at] = Math.Exp(a[(bg * time + t) * d + (d == 1 ? 0 : i)]) * state[at] + k[(bg * time + t) * K + i] * v[(bg * time + t) * V + j];
                    }
                for (int r = 0; r < R; r++)
                    for (int j = 0; j < V; j++)
                        for (int i = 0; i < K; i++)
                            output[((bg * R + r) * time + t) * V + j] += q[((bg * R + r) * time + t) * K + i] * state[(bg * K + i) * V + j];
            }
        }
        return (output, state);
    }

    private static double[] Values(Tensor x) => x.to(ScalarType.Float64).contiguous().data<double>().ToArray();

    private static void AssertClose(double[] expected, Tensor actual, double tolerance)
    {
        double[] values = Values(actual);
        Assert.Equal(expected.Length, values.Length);
        double worst = expected.Zip(values, (a, b) => Math.Abs(a - b) / Math.Max(1, Math.Abs(a))).Max();
        Assert.True(worst < tolerance, $"they differ by {worst}");
    }

    private sealed record Inputs(Tensor Query, Tensor Key, Tensor Value, Tensor LogDecay, Tensor? State)
    {
        public IEnumerable<Tensor> All => [Query, Key, Value, LogDecay, State!];

        public static Inputs Of(Tensor[] x) => new(x[0], x[1], x[2], x[3], x[4]);

        public (Tensor Output, Tensor State) Run(MixerForm form, int chunk) => LinearRecurrence.Run(form, Query, Key, Value, LogDecay, State, chunk);

        public Inputs To(ScalarType dtype) => new(Query.to(dtype), Key.to(dtype), Value.to(dtype), LogDecay.to(dtype), State?.to(dtype));

        public Inputs Part(int start, int length) =>
            new(Query.narrow(3, start, length), Key.narrow(2, start, length), Value.narrow(2, start, length), LogDecay.narrow(2, start, length), State);
    }
}
