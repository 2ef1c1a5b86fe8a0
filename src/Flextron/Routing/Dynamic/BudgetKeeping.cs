namespace Flextron.Routing.Dynamic;

/// <summary>How dynamic routers are held to their budget.</summary>
public enum BudgetKeeping
{
    /// <summary>By a controller that looks at nothing ahead: after every token of a sequence its mean cost is within the target. For scoring text and for
    /// decoding.</summary>
    Causal,

    /// <summary>
    /// Stretches of more than one token, such as a prompt, by capacities: behind the stretch the mean cost is within the target. Single tokens by the
    /// controller, which goes on from what was spent. For training and for prompts; a text's score would look ahead.
    /// </summary>
    Capacities,

    /// <summary>By the price of time alone: the mean over much text is near the target, that of a sequence may be anything.</summary>
    None,
}
