namespace Flextron.Planning;

/// <summary>A request that waits to be served.</summary>
/// <param name="Name">What plans call it.</param>
/// <param name="PromptTokens">Tokens to read.</param>
/// <param name="GeneratedTokens">Tokens to write.</param>
/// <param name="DeadlineMs">When its last token must be there, from the start of the batch, ms.</param>
public sealed record BatchRequest(string Name, int PromptTokens, int GeneratedTokens, double DeadlineMs)
{
    /// <summary>Largest loss of the network that serves it, nats per token; null for any.</summary>
    public double? MaximumLoss { get; init; }

    /// <summary>What serving it is worth.</summary>
    public double Value { get; init; } = 1;

    /// <summary>Checks the numbers.</summary>
    /// <returns>This instance.</returns>
    /// <exception cref="FlextronException">A value is outside its range; the message names it.</exception>
    public BatchRequest Validated()
    {
        void Require(bool holds, string what)
        {
            if (!holds) throw new FlextronException($"The request '{Name}': {what}.");
        }

        Require(PromptTokens >= 1, $"promptTokens is {PromptTokens}, give 1 or more");
        Require(GeneratedTokens >= 0, $"generatedTokens is {GeneratedTokens}, give 0 or more");
        Require(DeadlineMs > 0 && !double.IsNaN(DeadlineMs), $"deadlineMs is {DeadlineMs}, give a positive number");
        Require(Value > 0 && double.IsFinite(Value), $"value is {Value}, give a positive number");
        Require(MaximumLoss is null or > 0, $"maximumLoss is {MaximumLoss}, give a positive number or leave it out");
        return this;
    }
}
