namespace Flextron.Evaluation.Tasks;

/// <summary>How a task's scores become metrics.</summary>
public enum TaskKind
{
    /// <summary>The choice with the greatest log-probability is the answer.</summary>
    MultipleChoice,

    /// <summary>Right where the model would greedily produce the target; perplexity over targets.</summary>
    LastWord,

    /// <summary>Every token of a text is predicted once, in windows; perplexity per word and byte.</summary>
    Text,
}
