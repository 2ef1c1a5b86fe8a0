using Flextron.Workbench.Experiments;

namespace Flextron.Tests.Workbench.Experiments;

public sealed class GitCommitTests : IDisposable
{
    private const string IdA = "0123456789abcdef0123456789abcdef01234567";
    private const string IdB = "89abcdef0123456789abcdef0123456789abcdef";
    private readonly TemporaryFolder _folder = TestData.Temporary();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void HeadNamesABranch()
    {
        Write("repo/.git/HEAD", "ref: refs/heads/main\n");
        Write("repo/.git/refs/heads/main", IdA + "\n");
        Write("repo/.git/packed-refs", $"{IdB} refs/heads/main\n");
        Directory.CreateDirectory(_folder["repo/a/b"]);
        Check(IdA, "main", "repo/a/b");
    }

    [Fact]
    public void PackedReferencesAreRead()
    {
        Write("repo/.git/HEAD", "ref: refs/heads/topic/x\r\n");
        Write("repo/.git/packed-refs", $"# pack-refs with: peeled fully-peeled sorted\n{IdA} refs/heads/topic\n{IdB} refs/heads/topic/x\n^{IdA}\n");
        Check(IdB, "topic/x", "repo");
    }

    [Fact]
    public void HeadMayBeDetached()
    {
        Write("repo/.git/HEAD", IdB + "\n");
        Check(IdB, null, "repo");
    }

    [Fact]
    public void AWorktreeFindsItsOwnHeadAndTheCommonReferences()
    {
        Write("repo/.git/HEAD", "ref: refs/heads/main\n");
        Write("repo/.git/refs/heads/main", IdA);
        Write("repo/.git/refs/heads/side", IdB);
        Write("repo/.git/worktrees/wt/HEAD", "ref: refs/heads/side\n");
        Write("repo/.git/worktrees/wt/commondir", "../..\n");
        Write("wt/.git", "gitdir: ../repo/.git/worktrees/wt\n");
        Check(IdB, "side", "wt");
    }

    [Theory]
    [InlineData("ref: refs/heads/../../../outside")]
    [InlineData("ref: ../outside")]
    [InlineData("ref: refs/heads/missing")]
    [InlineData("no id")]
    [InlineData("")]
    public void WhatIsNoCommitIsNotReported(string head)
    {
        Write("repo/.git/HEAD", head);
        Write("outside", IdA);
        Assert.Null(GitCommit.Find(_folder["repo"]));
    }

    [Fact]
    public void OutsideARepositoryThereIsNone() => Assert.Null(GitCommit.Find(_folder.Path));

    [Fact]
    public void ChangesAreSeenButNotThoseOfRuns()
    {
        Directory.CreateDirectory(_folder["real"]);
        string? Git(params string[] arguments) => ToolOutput.TryRun("git", _folder["real"], ["-c", "user.name=t", "-c", "user.email=t@example.com", .. arguments]);
        Assert.SkipUnless(Git("init", "-q") is not null, "git is not installed");
        Write("real/a.txt", "a");
        Git("add", ".");
        Assert.NotNull(Git("commit", "-q", "-m", "first"));
        string id = Git("rev-parse", "HEAD")!.Trim();

        Assert.Equal(id, GitCommit.Find(_folder["real"])!.Id);
        Assert.False(GitCommit.Find(_folder["real"])!.Dirty);
        Write("real/experiments/e/runs/r/state.json", "{}");
        Assert.False(GitCommit.Find(_folder["real/experiments/e"])!.Dirty);
        Write("real/new.txt", "new");
        Assert.True(GitCommit.Find(_folder["real"])!.Dirty);
        File.Delete(_folder["real/new.txt"]);
        Write("real/a.txt", "b");
        Assert.True(GitCommit.Find(_folder["real"])!.Dirty);
    }

    private void Check(string id, string? branch, string folder)
    {
        GitCommit? found = GitCommit.Find(_folder[folder]);
        Assert.Equal((id, branch), (found?.Id, found?.Branch));
    }

    private void Write(string name, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        File.WriteAllText(_folder[name], content);
    }
}
