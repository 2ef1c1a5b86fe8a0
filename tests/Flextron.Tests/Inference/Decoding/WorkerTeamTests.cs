using Flextron.Inference.Decoding;

namespace Flextron.Tests.Inference.Decoding;

public sealed class WorkerTeamTests
{
    [Fact]
    public void WorkWithinWorkIsDoneAlone()
    {
        using var team = new WorkerTeam(2);
        for (int i = 0; i < 100; i++)
        {
            var outer = new Nested(team);
            team.Run(outer, 2);
            Assert.Equal((2, 1, 1), (outer.Workers, outer.InnerRuns, outer.InnerWorkers));
        }
    }

    // The first thread of the work gives its team more work, as a router does that decodes with a model of its own.
    private sealed class Nested(WorkerTeam team) : ITeamWork
    {
        private int innerRuns;

        public int Workers { get; private set; }

        public int InnerRuns => innerRuns;

        public int InnerWorkers { get; private set; }

        public void Run(int worker, int workers)
        {
            if (worker == 0)
            {
                Workers = workers;
                team.Run(new Inner(this), 2);
            }
            team.Barrier(workers);
        }

        private sealed class Inner(Nested outer) : ITeamWork
        {
            public void Run(int worker, int workers)
            {
                Interlocked.Increment(ref outer.innerRuns);
                outer.InnerWorkers = workers;
            }
        }
    }
}
