namespace Flextron.Workbench.Display;

/// <summary>Units a second, smoothed, and the time left that follows from it.</summary>
/// <remarks>
/// Two sums fade together with a time constant τ of 15 s: units U ← U·e^(−Δt/τ) + Δn and seconds S ← S·e^(−Δt/τ) + Δt; the rate is U / S.
/// So a constant speed is shown exactly from the second report on, and a change of speed has faded in by 63 % after τ. The first report
/// is where counting begins, so work taken up from a checkpoint is not mistaken for speed.
/// </remarks>
public sealed class RateMeter
{
    private readonly double _timeConstant;
    private double _units;
    private double _seconds;
    private long _done;
    private TimeSpan _at;
    private bool _begun;

    /// <summary>Creates the meter.</summary>
    /// <param name="timeConstantSeconds">τ in seconds.</param>
    public RateMeter(double timeConstantSeconds = 15)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(timeConstantSeconds);
        _timeConstant = timeConstantSeconds;
    }

    /// <summary>Units a second; null until two reports lie apart in time and something was done between them.</summary>
    public double? PerSecond => _seconds > 0 && _units > 0 ? _units / _seconds : null;

    /// <summary>Takes one report. Fewer units than before mean that another piece of work has begun, and counting starts anew.</summary>
    /// <param name="done">Units done so far.</param>
    /// <param name="at">When, on a clock that never goes back.</param>
    public void Add(long done, TimeSpan at)
    {
        if (!_begun || done < _done)
        {
            (_units, _seconds, _begun) = (0, 0, true);
        }
        else
        {
            double elapsed = Math.Max(0, (at - _at).TotalSeconds);
            double fade = Math.Exp(-elapsed / _timeConstant);
            _units = _units * fade + (done - _done);
            _seconds = _seconds * fade + elapsed;
        }
        (_done, _at) = (done, at);
    }

    /// <summary>Forgets everything.</summary>
    public void Reset() => _begun = false;

    /// <summary>Time left at the present rate, counted down since the last report; null where the rate or the total is unknown.</summary>
    /// <param name="total">Units in all, or 0 where unknown.</param>
    /// <param name="now">The time on the clock that <see cref="Add"/> was given.</param>
    public TimeSpan? Remaining(long total, TimeSpan now)
    {
        if (total <= 0 || !_begun || PerSecond is not { } rate) return null;
        double seconds = Math.Max(0, total - _done) / rate - (now - _at).TotalSeconds;
        return seconds < TimeSpan.MaxValue.TotalSeconds / 2 ? TimeSpan.FromSeconds(Math.Max(0, seconds)) : null;
    }
}
