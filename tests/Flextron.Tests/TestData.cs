namespace Flextron.Tests;

/// <summary>Finds data that tests may use but do not require.</summary>
internal static class TestData
{
    /// <summary>A file or folder under <c>shared/data</c> beside the repository; the test is skipped where it is absent.</summary>
    public static string Shared(string relative)
    {
        string? path = FindShared(relative);
        Assert.SkipWhen(path is null, $"shared/data/{relative} is not beside the repository");
        return path!;
    }

    /// <summary>The same without skipping: null where it is absent.</summary>
    public static string? FindShared(string relative)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "shared", "data", relative);
            if (File.Exists(path) || Directory.Exists(path)) return path;
        }
        return null;
    }

    /// <summary>A fresh folder that is deleted with the returned object.</summary>
    public static TemporaryFolder Temporary() => new();
}
