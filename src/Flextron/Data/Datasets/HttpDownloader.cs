using System.Net;
using System.Net.Http.Headers;
using Flextron.Progress;
using Flextron.Storage;

namespace Flextron.Data.Datasets;

/// <summary>
/// Downloads a file over HTTP(S) into a folder of partial files: goes on where an earlier attempt or run ended, follows redirections within HTTP(S)
/// and never from https to http, and honours the system's proxy settings.
/// </summary>
public sealed class HttpDownloader : IDisposable
{
    private readonly DownloadOptions options;
    private readonly HttpClient client;

    /// <summary>Prepares connections.</summary>
    /// <param name="options">How patient to be.</param>
    public HttpDownloader(DownloadOptions? options = null)
    {
        this.options = options ?? new DownloadOptions();
        // Redirections are followed here, so that each target is looked at. Nothing is unpacked on the way: what is hashed is what was published.
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None, ConnectTimeout = this.options.Patience };
        client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("flextron", typeof(HttpDownloader).Assembly.GetName().Version?.ToString(3)));
    }

    /// <summary>Downloads what a manifest describes.</summary>
    /// <param name="download">Addresses and what is known of the bytes.</param>
    /// <param name="folder">Holds partial files; a finished one stays there until the caller has used and deleted it.</param>
    /// <param name="progress">Reports bytes.</param>
    /// <param name="cancellation">Stops; what has arrived is gone on with the next time.</param>
    /// <returns>The file, and the SHA-256 of its content.</returns>
    /// <exception cref="FlextronException">No address gave the file, or it is not the one described.</exception>
    public async Task<(string Path, string Sha256)> GetAsync(
        DatasetDownload download, string folder, IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(download);
        var failures = new List<string>();
        foreach (string url in download.Urls)
        {
            try
            {
                return await FromAsync(new Uri(url), download, folder, progress, cancellation).ConfigureAwait(false);
            }
            catch (DownloadFailure e)
            {
                failures.Add($"{url}: {e.Message}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new FlextronException($"The download into {folder} cannot be written: {e.Message} Free some space, or set {CacheFolder.Variable} to another folder.", e);
            }
        }
        throw new FlextronException($"The download failed ({string.Join("; ", failures)}): run again to go on, check network and proxy, or add a copy with `flextron data add`.");
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    private async Task<(string, string)> FromAsync(Uri url, DatasetDownload download, string folder, IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        var part = new PartialFile(folder, url.AbsoluteUri);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await AttemptAsync(url, download, part, progress, cancellation).ConfigureAwait(false);
                break;
            }
            catch (DownloadFailure e) when (e.Temporary && attempt < options.Attempts)
            {
                await Task.Delay(options.Pause * Math.Pow(2, attempt - 1), cancellation).ConfigureAwait(false);
            }
        }
        string hash = ContentHash.OfFile(part.Path);
        if (download.Size is long size && part.Length != size)
        {
            long length = part.Length;
            part.Delete();
            throw new DownloadFailure($"it has {length} bytes and should have {size}");
        }
        if (download.Sha256 is string expected && !hash.Equals(expected, StringComparison.OrdinalIgnoreCase))
        {
            part.Delete();
            throw new DownloadFailure($"its SHA-256 is {hash} and should be {expected}, so it was not kept");
        }
        return (part.Path, hash);
    }

    private async Task AttemptAsync(Uri url, DatasetDownload download, PartialFile part, IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        string? version = part.Version;
        long from = version is null ? 0 : part.Length;
        using HttpResponseMessage response = await SendAsync(url, from, version, cancellation).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            // There is nothing behind what is here: it is whole, or of another length; the whole tells.
            part.Delete();
            throw new DownloadFailure("the server has no bytes beyond those that have arrived", temporary: true);
        }
        if (!response.IsSuccessStatusCode)
        {
            bool temporary = (int)response.StatusCode >= 500 || response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests;
            throw new DownloadFailure($"the server answered {(int)response.StatusCode} ({response.ReasonPhrase})", temporary);
        }
        bool goesOn = response.StatusCode == HttpStatusCode.PartialContent;
        if (goesOn && (from == 0 || response.Content.Headers.ContentRange?.From != from))
        {
            part.Delete();
            throw new DownloadFailure("the server sent another part of the file than it was asked for", temporary: true);
        }
        if (!goesOn)
        {
            // Also the answer of a server that knows no ranges, or whose file has changed since: from the beginning.
            from = 0;
            part.Restart(VersionOf(response));
        }
        long? total = response.Content.Headers.ContentLength + from;
        long most = download.Size ?? options.LargestBytes;
        if (total > most) throw new DownloadFailure($"it has {total} bytes, more than the {most} expected");
        await CopyAsync(response, part, from, total, most, Path.GetFileName(url.AbsolutePath), progress, cancellation).ConfigureAwait(false);
    }

    private async Task CopyAsync(
        HttpResponseMessage response, PartialFile part, long done, long? total, long most, string name, IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        byte[] buffer = new byte[1 << 16];
        Stream body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using FileStream file = part.Append();
        while (true)
        {
            int read;
            try
            {
                read = await PatientAsync(token => body.ReadAsync(buffer, token).AsTask(), cancellation).ConfigureAwait(false);
            }
            catch (DownloadFailure e)
            {
                throw new DownloadFailure($"after {done} {(total is long all ? $"of {all} " : "")}bytes: {e.Message}", e.Temporary);
            }
            if (read == 0) break;
            done += read;
            if (done > most) throw new DownloadFailure($"it is longer than the {most} bytes expected");
            await file.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
            progress?.Report(new StageProgress($"downloading {name}", done, total ?? 0));
        }
        if (done < total) throw new DownloadFailure($"the connection ended after {done} of {total} bytes", temporary: true);
    }

    private async Task<HttpResponseMessage> SendAsync(Uri url, long from, string? version, CancellationToken cancellation)
    {
        Uri target = url;
        for (int i = 0; i <= options.Redirects; i++)
        {
            if (target.Scheme != Uri.UriSchemeHttps && target.Scheme != Uri.UriSchemeHttp) throw new DownloadFailure($"it leads to {target.Scheme}:, where nothing is fetched from");
            if (url.Scheme == Uri.UriSchemeHttps && target.Scheme != url.Scheme) throw new DownloadFailure($"it leads from https to {target}, where nobody vouches for the bytes");
            using var request = new HttpRequestMessage(HttpMethod.Get, target);
            if (from > 0)
            {
                request.Headers.Range = new RangeHeaderValue(from, null);
                request.Headers.TryAddWithoutValidation("If-Range", version);
            }
            HttpResponseMessage response = await PatientAsync(token => client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token), cancellation).ConfigureAwait(false);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location) return response;
            response.Dispose();
            target = location.IsAbsoluteUri ? location : new Uri(target, location);
        }
        throw new DownloadFailure($"it leads on more than {options.Redirects} times");
    }

    // What fails on the network is worth another attempt; silence counts as failure.
    private async Task<T> PatientAsync<T>(Func<CancellationToken, Task<T>> action, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(options.Patience);
        try
        {
            return await action(timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new DownloadFailure($"nothing came for {options.Patience.TotalSeconds:0.#} seconds", temporary: true);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // A name that nobody knows is the sign of having no network: the answer should come at once.
            bool unknown = e is HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError };
            throw new DownloadFailure(e.Message.ReplaceLineEndings(" ").TrimEnd('.'), temporary: !unknown);
        }
    }

    private static string? VersionOf(HttpResponseMessage response) =>
        response.Headers.ETag is { IsWeak: false } tag ? tag.Tag : response.Content.Headers.LastModified?.ToString("R");

    /// <summary>One address did not give the file.</summary>
    private sealed class DownloadFailure(string message, bool temporary = false) : Exception(message)
    {
        public bool Temporary => temporary;
    }
}
