namespace Flextron;

/// <summary>
/// Something the user brought or asked for cannot be used. The message is one sentence that names the file or value and the way out;
/// programs print it as it is, without a stack trace.
/// </summary>
public sealed class FlextronException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">One sentence: what is wrong with which file or value, and what to do.</param>
    public FlextronException(string message) : base(message) { }

    /// <summary>Creates the exception with its cause.</summary>
    /// <param name="message">One sentence: what is wrong with which file or value, and what to do.</param>
    /// <param name="inner">The cause.</param>
    public FlextronException(string message, Exception inner) : base(message, inner) { }

    /// <summary>Creates the exception without a message; prefer the others.</summary>
    public FlextronException() { }
}
