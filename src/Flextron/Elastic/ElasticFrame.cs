namespace Flextron.Elastic;

/// <summary>What frames the choices of the blocks: how wide the residual stream is and how many blocks there are.</summary>
/// <param name="Width">Kept channels; null for all.</param>
/// <param name="Depth">Kept blocks: the first ones of <see cref="ElasticSpace.BlockRanking"/>.</param>
public readonly record struct ElasticFrame(int? Width, int Depth);
