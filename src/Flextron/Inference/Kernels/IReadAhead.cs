namespace Flextron.Inference.Kernels;

/// <summary>
/// Requests to bring weights near before a kernel reads them, four rows at a time. Asking never faults, wherever it points. A type of its own for each
/// way, so that the innermost loops hold nothing but the requests: one branch more in them costs float32 weights a third of their speed.
/// </summary>
internal unsafe interface IReadAhead
{
    /// <summary>Before four rows are read.</summary>
    /// <param name="row">The first of them.</param>
    /// <param name="stride">Bytes from row to row.</param>
    /// <param name="bytes">Bytes read of each.</param>
    static abstract void Rows(byte* row, nint stride, nint bytes);

    /// <summary>Before a step of one vector in each of four rows.</summary>
    /// <param name="next">As far beyond the first row as <see cref="ReadAhead.Lead"/> says, and all that the steps before have read.</param>
    /// <param name="bytes">Bytes that the step reads.</param>
    static abstract void Step(byte* next, int bytes);
}
