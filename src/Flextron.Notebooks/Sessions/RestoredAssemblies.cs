using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Flextron.Notebooks.Sessions;

/// <summary>Lets the runtime find what restored packages brought: their assemblies, and native libraries that these ask for.</summary>
internal static class RestoredAssemblies
{
    private static readonly ConcurrentDictionary<string, string> Managed = new(StringComparer.OrdinalIgnoreCase);
    private static readonly ConcurrentDictionary<string, byte> NativeFolders = new(StringComparer.Ordinal);
    private static int listening;

    /// <summary>Makes assemblies and native folders known.</summary>
    public static void Add(RestoredPackages found)
    {
        foreach (string path in found.Runtime) Managed.TryAdd(Path.GetFileNameWithoutExtension(path), path);
        foreach (string folder in found.Native) NativeFolders.TryAdd(folder, 0);
        if (Interlocked.Exchange(ref listening, 1) != 0) return;
        AssemblyLoadContext.Default.Resolving += Resolve;
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += ResolveNative;
    }

    private static Assembly? Resolve(AssemblyLoadContext context, AssemblyName name) =>
        name.Name is not null && Managed.TryGetValue(name.Name, out string? path) ? context.LoadFromAssemblyPath(path) : null;

    private static nint ResolveNative(Assembly assembly, string name)
    {
        foreach (string folder in NativeFolders.Keys)
        {
            foreach (string file in (string[])[name, $"lib{name}.so", $"{name}.so", $"lib{name}.dylib", $"{name}.dll"])
            {
                string path = Path.Combine(folder, file);
                if (File.Exists(path) && NativeLibrary.TryLoad(path, out nint handle)) return handle;
            }
        }
        return 0;
    }
}
