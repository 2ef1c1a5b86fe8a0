namespace Flextron.Inference.Decoding;

/// <summary>Work that several threads do together.</summary>
internal interface ITeamWork
{
    /// <summary>Does one thread's share. Must not throw: the others would wait for ever.</summary>
    /// <param name="worker">0 (the calling thread) … <paramref name="workers"/> − 1.</param>
    /// <param name="workers">Threads at work.</param>
    void Run(int worker, int workers);
}
