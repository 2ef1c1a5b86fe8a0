using Flextron.Inference.Decoding;
using Flextron.Models;

namespace Flextron.Inference;

/// <summary>Texts in the making that share each reading of the weights; where one ends, the next begins in its place.</summary>
/// <param name="batch">Executes the model.</param>
/// <param name="network">With which slice, for texts without a router.</param>
internal sealed class TextBatch(DecodeBatch batch, SubNetwork network)
{
    private readonly (int Text, Continuation Continuation, IStepRouter? Router)?[] places = new (int, Continuation, IStepRouter?)?[batch.Count];
    private readonly BatchToken[] waiting = new BatchToken[batch.Count], step = new BatchToken[batch.Count];

    /// <summary>Generates.</summary>
    /// <param name="count">How many texts.</param>
    /// <param name="begin">Begins a text, by its number, when its turn comes; with what chooses its widths.</param>
    /// <param name="cancellation">Stops between tokens.</param>
    /// <returns>The texts, in the order given.</returns>
    public GeneratedText[] Run(int count, Func<int, (Continuation, IStepRouter?)> begin, CancellationToken cancellation)
    {
        var texts = new GeneratedText[count];
        int next = 0;
        while (true)
        {
            for (int place = 0; place < places.Length; place++)
                while (places[place] is null && next < count) Begin(place, next++, begin, texts);
            int running = 0;
            for (int place = 0; place < places.Length; place++)
                if (places[place] is not null) step[running++] = waiting[place];
            if (running == 0) return texts;
            cancellation.ThrowIfCancellationRequested();
            batch.Step(step.AsSpan(0, running));
            for (int t = 0; t < running; t++) Go(step[t].Sequence, batch.Logits(t), texts);
        }
    }

    private void Begin(int place, int text, Func<int, (Continuation, IStepRouter?)> begin, GeneratedText[] texts)
    {
        batch.Reset(place);
        (Continuation continuation, IStepRouter? router) = begin(text);
        places[place] = (text, continuation, router);
        Go(place, router is null ? batch.Prefill(place, continuation.PromptIds, network) : batch.Prefill(place, continuation.PromptIds, router), texts);
    }

    private void Go(int place, ReadOnlySpan<float> logits_V, GeneratedText[] texts)
    {
        (int text, Continuation continuation, IStepRouter? router) = places[place]!.Value;
        if (continuation.Next(logits_V, batch.Length(place)) is { } id)
        {
            waiting[place] = new BatchToken(place, id, network, router);
            return;
        }
        texts[text] = continuation.Finish(batch.Length(place));
        places[place] = null;
    }
}
