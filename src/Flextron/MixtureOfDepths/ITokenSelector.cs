namespace Flextron.MixtureOfDepths;

/// <summary>Decides which tokens pass the routed blocks.</summary>
public interface ITokenSelector
{
    /// <summary>Whether a token's decision depends on nothing behind it, as generation needs.</summary>
    bool IsCausal { get; }

    /// <summary>Decides for one block; called in the order of the blocks.</summary>
    /// <param name="reading">What the block's router makes of the tokens.</param>
    /// <param name="start">Position of the first of them in their sequences.</param>
    /// <returns>Whether each passes, by flat index b·T + t.</returns>
    bool[] Select(RouterReading reading, int start);
}
