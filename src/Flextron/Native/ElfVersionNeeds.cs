using System.Buffers.Binary;
using System.Text;

namespace Flextron.Native;

/// <summary>
/// Reads the symbol-version needs (<c>.gnu.version_r</c>) of a 64-bit little-endian ELF shared library, and makes one need weak.
/// </summary>
/// <remarks>
/// The dynamic linker refuses a library that needs a version which the installed dependency does not define, unless the need carries
/// VER_FLG_WEAK. That is safe exactly when every symbol bound to that version is never relocated, which <see cref="MakeWeak"/> verifies.
/// Source: System V gABI; LSB "Symbol Versioning", Vernaux.
/// </remarks>
public sealed class ElfVersionNeeds
{
    private const ushort WeakFlag = 0x2;
    private const uint SectionRela = 4, SectionDynSym = 11, SectionVerNeed = 0x6ffffffe, SectionVerSym = 0x6fffffff;

    private readonly byte[] image;
    private readonly string name;
    private readonly List<Section> sections = [];

    /// <summary>Parses the section table of a library.</summary>
    /// <param name="image">The whole file.</param>
    /// <param name="name">The file's name, for messages.</param>
    /// <exception cref="InvalidDataException">Not a 64-bit little-endian ELF file with section headers.</exception>
    public ElfVersionNeeds(byte[] image, string name)
    {
        ArgumentNullException.ThrowIfNull(image);
        this.image = image;
        this.name = name;
        if (image.Length < 64 || U32(0) != 0x464c457f || image[4] != 2 || image[5] != 1)
            throw Bad("is not a 64-bit little-endian ELF library");
        ulong table = U64(0x28);
        int entrySize = U16(0x3a), count = U16(0x3c);
        if (entrySize < 64 || count == 0 || table + (ulong)entrySize * (ulong)count > (ulong)image.Length)
            throw Bad("has no section table");
        for (int i = 0; i < count; i++)
        {
            int at = checked((int)table + i * entrySize);
            var section = new Section(U32(at + 4), U64(at + 0x18), U64(at + 0x20), U32(at + 0x28), U64(at + 0x38));
            bool inFile = section.Type != 8 && section.Offset <= (ulong)image.Length && section.Size <= (ulong)image.Length - section.Offset;
            sections.Add(inFile ? section : section with { Offset = 0, Size = 0 });
        }
    }

    /// <summary>The needs, as (library, version, weak).</summary>
    public IReadOnlyList<(string Library, string Version, bool Weak)> List() =>
        Walk().Select(n => (n.Library, n.Version, (n.Flags & WeakFlag) != 0)).ToList();

    /// <summary>Sets the weak flag on one need, in the image handed to the constructor.</summary>
    /// <param name="version">The version that is missing here, such as <c>GLIBCXX_3.4.32</c>.</param>
    /// <param name="allowedSymbol">The only symbol that may be bound to it.</param>
    /// <returns>Whether anything changed.</returns>
    /// <exception cref="InvalidDataException">
    /// The need is absent, another symbol is bound to it, or that symbol is relocated: the library would call what is not there.
    /// </exception>
    public bool MakeWeak(string version, string allowedSymbol)
    {
        var needs = Walk().Where(n => n.Version == version).ToList();
        if (needs.Count != 1) throw Bad($"has {needs.Count} needs of {version}, expected one");
        Need need = needs[0];
        Section symbols = One(SectionDynSym, ".dynsym"), versions = One(SectionVerSym, ".gnu.version");
        Section strings = Linked(symbols);
        int count = (int)(symbols.Size / 24);
        var bound = new HashSet<uint>();
        for (int i = 0; i < count && (ulong)(2 * i + 2) <= versions.Size; i++)
        {
            if ((U16((int)versions.Offset + 2 * i) & 0x7fff) != need.Index) continue;
            string symbol = Text(strings, U32((int)symbols.Offset + 24 * i));
            if (symbol != allowedSymbol) throw Bad($"binds {symbol} to {version}, so the need cannot be made weak");
            bound.Add((uint)i);
        }
        foreach (Section rela in sections.Where(s => s.Type == SectionRela))
            for (ulong at = rela.Offset; at + 24 <= rela.Offset + rela.Size; at += 24)
                if (bound.Contains((uint)(U64((int)at + 8) >> 32))) throw Bad($"relocates {allowedSymbol}, so the need of {version} cannot be made weak");
        if ((need.Flags & WeakFlag) != 0) return false;
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(need.FlagsAt), (ushort)(need.Flags | WeakFlag));
        return true;
    }

    private IEnumerable<Need> Walk()
    {
        Section needs = One(SectionVerNeed, ".gnu.version_r");
        Section strings = Linked(needs);
        ulong at = needs.Offset, end = needs.Offset + needs.Size;
        for (int guard = 0; guard < 4096 && at + 16 <= end; guard++)
        {
            string library = Text(strings, U32((int)at + 4));
            ulong aux = at + U32((int)at + 8);
            for (int i = U16((int)at + 2); i > 0 && aux + 16 <= end; i--)
            {
                yield return new Need(library, Text(strings, U32((int)aux + 8)), U16((int)aux + 4), (int)aux + 4, (ushort)(U16((int)aux + 6) & 0x7fff));
                uint next = U32((int)aux + 12);
                if (next == 0) break;
                aux += next;
            }
            uint step = U32((int)at + 12);
            if (step == 0) yield break;
            at += step;
        }
    }

    private Section One(uint type, string what) => sections.FirstOrDefault(s => s.Type == type && s.Size > 0) is { Size: > 0 } s ? s : throw Bad($"has no {what}");

    private Section Linked(Section s) => s.Link < sections.Count ? sections[(int)s.Link] : throw Bad("has a broken section link");

    private string Text(Section strings, uint offset)
    {
        if (offset >= strings.Size) throw Bad("has a name outside its string table");
        ReadOnlySpan<byte> rest = image.AsSpan((int)(strings.Offset + offset), (int)(strings.Size - offset));
        int length = rest.IndexOf((byte)0);
        return Encoding.ASCII.GetString(length < 0 ? rest : rest[..length]);
    }

    private ushort U16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(at));

    private uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(at));

    private ulong U64(int at) => BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(at));

    private InvalidDataException Bad(string what) => new($"{name} {what}.");

    private readonly record struct Section(uint Type, ulong Offset, ulong Size, uint Link, ulong EntrySize);

    private readonly record struct Need(string Library, string Version, ushort Flags, int FlagsAt, ushort Index);
}
