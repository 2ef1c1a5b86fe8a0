using System.Runtime.InteropServices;

namespace Flextron.Workbench.Experiments;

/// <summary>
/// Turns Ctrl-C and a request to terminate into a cancelled token, so that work stops between two steps; a second one ends the process at once.
/// </summary>
public sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private readonly Action _onFirst;

    /// <summary>Begins to listen.</summary>
    /// <param name="onFirst">Called at the first request, to tell the user that work is stopping.</param>
    public Interruption(Action onFirst)
    {
        ArgumentNullException.ThrowIfNull(onFirst);
        _onFirst = onFirst;
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle)];
    }

    /// <summary>Cancelled at the first request.</summary>
    public CancellationToken Token => _source.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        // At the second request the signal does what it always does.
        if (_source.IsCancellationRequested) return;
        context.Cancel = true;
        _onFirst();
        _source.Cancel();
    }
}
