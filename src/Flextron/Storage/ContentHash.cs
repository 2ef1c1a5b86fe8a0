using System.Security.Cryptography;
using System.Text;

namespace Flextron.Storage;

/// <summary>SHA-256 of what a result depends on, as lower-case hexadecimal.</summary>
public static class ContentHash
{
    /// <summary>Hash of a text's UTF-8 bytes.</summary>
    public static string OfText(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Hash of a file.</summary>
    /// <exception cref="FlextronException">The file is missing.</exception>
    public static string OfFile(string path)
    {
        if (!File.Exists(path)) throw new FlextronException($"There is no file {path}: check the path.");
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Hash of all files of a folder (or of one file): names and contents, in ordinal order of relative path.</summary>
    public static string OfPath(string path)
    {
        if (File.Exists(path)) return OfFile(path);
        if (!Directory.Exists(path)) throw new FlextronException($"There is no file or folder {path}: check the path.");
        var text = new StringBuilder();
        foreach (string file in Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            text.Append(Path.GetRelativePath(path, file).Replace('\\', '/')).Append('\n').Append(OfFile(file)).Append('\n');
        return OfText(text.ToString());
    }
}
