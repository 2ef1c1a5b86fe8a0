using System.Globalization;
using Flextron.Data;
using Flextron.Elastic;
using Flextron.Models;
using Flextron.Progress;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Flextron.Training;

/// <summary>
/// Joint continued-training of all sub-networks: every step trains k of them on one batch, averaging their losses so that the learning rate
/// means the same for every k (FLEXTRON, ICML 2024, section 3.2). With <see cref="SamplingStrategy.Full"/> it is ordinary training.
/// </summary>
public sealed class JointTrainer : IDisposable
{
    private readonly DecoderModel model;
    private readonly DecoderModel? teacher;
    private readonly JointTrainingSettings settings;
    private readonly ISubNetworkSource source;
    private readonly LearningRateSchedule schedule;
    private readonly Dictionary<SubNetwork, WeightView> views = [];

    /// <summary>Prepares a run; nothing is trained yet.</summary>
    /// <param name="model">Trained in place; float32.</param>
    /// <param name="space">Legal widths.</param>
    /// <param name="settings">How.</param>
    /// <param name="teacher">The frozen original, where distillation is on.</param>
    /// <param name="source">Chooses the sub-networks of each step in place of the settings' strategy.</param>
    public JointTrainer(DecoderModel model, ElasticSpace space, JointTrainingSettings settings, DecoderModel? teacher = null, ISubNetworkSource? source = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validated();
        if (settings.DistillationWeight > 0 && teacher is null && settings.Strategy != SamplingStrategy.Full)
            throw new FlextronException("Distillation needs the original model as a teacher: pass one, or set distillationWeight to 0.");
        this.model = model;
        this.settings = settings;
        this.teacher = settings.DistillationWeight > 0 ? teacher : null;
        this.source = source ?? new SubNetworkSampler(space, settings.Strategy, settings.NetworksPerStep, settings.UniformShare, settings.Seed);
        schedule = new LearningRateSchedule(settings.LearningRate, settings.WarmupSteps, settings.Steps, settings.FloorShare);
        Optimizer = new FlatAdamW(model.Weights, settings);
    }

    /// <summary>The optimiser with its moments, for checkpoints.</summary>
    public FlatAdamW Optimizer { get; }

    /// <summary>Steps done; set it when resuming.</summary>
    public int StepsDone { get; set; }

    /// <summary>Trains until <see cref="JointTrainingSettings.Steps"/>.</summary>
    /// <param name="corpus">Training tokens.</param>
    /// <param name="heldOut">Measured every <see cref="JointTrainingSettings.EvaluateEvery"/> steps and at the end.</param>
    /// <param name="budgets">What is measured, by label.</param>
    /// <param name="onStep">Called after every step.</param>
    /// <param name="progress">Reports steps with loss and tokens per second.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="FlextronException">The loss is no longer a number; the weights are those before that step.</exception>
    public void Run(
        TokenCorpus corpus,
        HeldOutLoss? heldOut = null,
        IReadOnlyDictionary<string, SubNetwork>? budgets = null,
        Action<TrainingStep>? onStep = null,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        int length = Math.Min(settings.SequenceLength, model.Config.ContextLength);
        var windows = new WindowSampler(corpus, length, settings.Seed);
        double smoothed = double.NaN;
        while (StepsDone < settings.Steps)
        {
            cancellation.ThrowIfCancellationRequested();
            IReadOnlyList<SubNetwork> networks = source.At(StepsDone);
            double[] losses = Accumulate(windows, networks);
            double loss = losses.Average();
            if (!double.IsFinite(loss))
                throw new FlextronException($"Training diverged at step {StepsDone + 1}: the loss is {loss}; lower learningRate ({settings.LearningRate.ToString(CultureInfo.InvariantCulture)}) and start from the last checkpoint.");
            double rate = schedule.At(StepsDone), norm = Optimizer.Step(StepsDone, rate, networks);
            source.Trained(StepsDone, losses);
            StepsDone++;
            bool measure = heldOut is not null && budgets is not null
                && (StepsDone == settings.Steps || (settings.EvaluateEvery > 0 && StepsDone % settings.EvaluateEvery == 0));
            Dictionary<string, LossEstimate>? measured = measure ? budgets!.ToDictionary(b => b.Key, b => heldOut!.Of(model, b.Value)) : null;
            onStep?.Invoke(new TrainingStep(StepsDone, loss, rate, norm, (long)StepsDone * settings.BatchSize * length, measured));
            smoothed = double.IsNaN(smoothed) ? loss : 0.95 * smoothed + 0.05 * loss;
            progress?.Report(new StageProgress("training", StepsDone, settings.Steps, string.Create(CultureInfo.InvariantCulture, $"loss {smoothed:0.000}")));
        }
    }

    /// <summary>One step's forward and backward passes; the gradient lands in the optimiser's buffer.</summary>
    private double[] Accumulate(WindowSampler windows, IReadOnlyList<SubNetwork> networks)
    {
        using var scope = NewDisposeScope();
        (Tensor input_BT, Tensor target_BT) = windows.Batch(StepsDone, settings.BatchSize);
        input_BT = input_BT.to(model.Device);
        Tensor target_N = target_BT.to(model.Device).reshape(-1);
        Tensor? teacherLogProbabilities_NV = TeacherLogProbabilities(input_BT);
        double[] losses = new double[networks.Count];
        for (int i = 0; i < losses.Length; i++)
        {
            using var pass = NewDisposeScope();
            WeightView view = View(networks[i]);
            Tensor logits_NV = model.Logits(view, model.Hidden(view, input_BT)).reshape(-1, model.Config.VocabularySize);
            Tensor loss = Loss(logits_NV, target_N, teacherLogProbabilities_NV);
            (loss / networks.Count).backward();
            losses[i] = loss.item<float>();
        }
        return losses;
    }

    private Tensor? TeacherLogProbabilities(Tensor input_BT)
    {
        if (teacher is null) return null;
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return functional.log_softmax(teacher.Forward(input_BT).reshape(-1, model.Config.VocabularySize), 1).MoveToOuterDisposeScope();
    }

    private Tensor Loss(Tensor logits_NV, Tensor target_N, Tensor? teacherLogProbabilities_NV)
    {
        if (teacherLogProbabilities_NV is null) return functional.cross_entropy(logits_NV, target_N);
        double alpha = settings.DistillationWeight;
        Tensor logProbabilities_NV = functional.log_softmax(logits_NV, 1);
        Tensor divergence = functional.kl_div(logProbabilities_NV, teacherLogProbabilities_NV, log_target: true, reduction: Reduction.Sum) / target_N.size(0);
        return (1 - alpha) * functional.nll_loss(logProbabilities_NV, target_N) + alpha * divergence;
    }

    private WeightView View(SubNetwork network)
    {
        if (views.TryGetValue(network, out WeightView? view)) return view;
        if (views.Count >= 64) ForgetViews();
        return views[network] = WeightView.Trainable(model.Weights, Optimizer.Gradients, network);
    }

    private void ForgetViews()
    {
        foreach (WeightView view in views.Values) view.Dispose();
        views.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ForgetViews();
        Optimizer.Dispose();
    }
}
