namespace Flextron.Evaluation.Tasks;

/// <summary>
/// One benchmark's file: a class with this interface in this folder is all that a new task needs, <see cref="TaskRegistry"/> finds it by itself.
/// </summary>
internal interface ITaskFile
{
    /// <summary>The task, and variants that share its format.</summary>
    static abstract IEnumerable<EvaluationTask> Tasks { get; }
}
