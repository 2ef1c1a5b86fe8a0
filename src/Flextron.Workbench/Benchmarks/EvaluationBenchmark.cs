using Flextron.Data;
using Flextron.Elastic;
using Flextron.Evaluation;
using Flextron.Evaluation.Scoring;
using Flextron.Evaluation.Tasks;
using Flextron.Models;
using Flextron.Tokenization;
using Flextron.Workbench.Studies;
using TorchSharp;
using static TorchSharp.torch;

namespace Flextron.Workbench.Benchmarks;

/// <summary>How many documents of the benchmarks are scored per second, against the plainest way to do it.</summary>
internal sealed class EvaluationBenchmark : IBenchmark
{
    private const int Documents = 600, Alone = 60;

    public string Group => "evaluation";

    public string Name => "scoring";

    public string Question =>
        $"Documents per second over {Documents} documents spread evenly through each task, tokenised before: shared beginnings, batches, the output layer where a token is scored. "
        + $"Against every request on its own ({Alone} documents, also spread evenly): one forward pass of batch 1, logits of the continuation's places only, all threads. "
        + "Story656k and the published benchmarks where they lie beside the repository, else the embedded model and its world's tasks.";

    public void Measure(BenchmarkSession session)
    {
        string? shared = Shared("models/story656k-hf");
        string folder = shared ?? EmbeddedData.BaseModel;
        using ElasticFamily family = ElasticFamily.Load(folder);
        Tokenizer tokenizer = TokenizerLoader.Load(folder);
        string[] bounded = shared is null ? ["tinyworld-piqa", "tinyworld-mmlu-letters"] : ["piqa", "mmlu"];
        string[] others = shared is null ? ["tinyworld-lambada", "tinyworld-mmlu"] : ["lambada_openai", "arc_easy"];
        foreach (string name in bounded.Concat(others))
        {
            EvaluationTask task = TaskRegistry.Get(name);
            IReadOnlyList<EvaluationDocument> documents = task.ReadDocuments(DatasetLocator.FromEnvironment().Find(task));
            PreparedTask many = Evaluator.Prepare(task, Spread(documents, Documents), tokenizer), few = Evaluator.Prepare(task, Spread(documents, Alone), tokenizer);
            string shareCase = $"{name}, shared", aloneCase = $"{name}, one by one";
            CaseTimings times = session.Time(
                new BenchmarkCase(shareCase, () => new ContinuationScorer(new ElasticLogitsModel(family.Model)).Score(many.Requests, null)),
                new BenchmarkCase(aloneCase, () => OneByOne(family.Model, few.Requests)));
            double[] fast = times.Rate(shareCase, many.Documents.Count, 1), slow = times.Rate(aloneCase, few.Documents.Count, 1);
            session.Ratio($"{name}: speed-up over one by one", [.. fast.Zip(slow, (a, b) => a / b)], bounded.Contains(name) ? BenchmarkBound.AtLeast(5) : null);
            session.Report($"{name}: shared", "documents/s", fast);
            session.Report($"{name}: one by one", "documents/s", slow);
        }
    }

    private static void OneByOne(DecoderModel model, IReadOnlyList<ContinuationTokens> requests)
    {
        using var noGrad = no_grad();
        WeightView view = model.View(model.FullNetwork);
        foreach (ContinuationTokens request in requests)
        {
            using var scope = NewDisposeScope();
            long[] whole = [.. request.Context.Concat(request.Continuation).TakeLast(model.Config.ContextLength + 1).Select(id => (long)id)];
            int scored = Math.Min(request.Continuation.Length, whole.Length - 1);
            Tensor hidden_SC = model.Hidden(view, tensor(whole[..^1]).unsqueeze(0))[0].narrow(0, whole.Length - 1 - scored, scored);
            Tensor logProbabilities_SV = nn.functional.log_softmax(model.Logits(view, hidden_SC), 1);
            logProbabilities_SV.gather(1, tensor(whole[^scored..]).unsqueeze(1)).sum().item<float>();
        }
    }

    private static EvaluationDocument[] Spread(IReadOnlyList<EvaluationDocument> documents, int count) => documents.Count <= count
        ? [.. documents] : [.. Enumerable.Range(0, count).Select(i => documents[(int)((long)i * documents.Count / count)])];

    private static string? Shared(string relative)
    {
        try
        {
            return new StudyPaths(AppContext.BaseDirectory).Resolve("shared:" + relative, () => "");
        }
        catch (FlextronException)
        {
            return null;
        }
    }
}
