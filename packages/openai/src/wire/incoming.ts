import { isRecord, keysIn, keysOf, parseJson } from './json.ts';
import { isSigned, type OpenAIRequest } from './request.ts';

export type FetchArguments = Parameters<typeof globalThis.fetch>;

/** A call as the caller of `fetch` made it. */
export interface Incoming {
  readonly request: OpenAIRequest;
  readonly signal: AbortSignal | undefined;
  /**
   * The arguments for the inner `fetch`: the caller's own bytes while the request is the caller's own. If they say a
   * key twice they are written anew, for upstream may read the other one: what is sent is what was judged.
   */
  readonly outgoing: (request: OpenAIRequest, signal: AbortSignal) => FetchArguments;
}

export function urlOf([input]: FetchArguments): string {
  return typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
}

export function methodOf([input, init]: FetchArguments): string {
  return init?.method ?? (isRequest(input) ? input.method : 'GET');
}

/** Reads a call, or undefined where its body is no JSON object: what nobody can read must not be sent. */
export async function readIncoming(args: FetchArguments): Promise<Incoming | undefined> {
  const [input, init] = args;
  const source = isRequest(input) ? input : undefined;
  const text = await bodyOf(args).catch(() => ''); // a body that was read before, or breaks off
  const body = parseJson(text);
  if (!isRecord(body)) return undefined;
  const request: OpenAIRequest = { url: urlOf(args), headers: new Headers(init?.headers ?? source?.headers), body };
  return {
    request,
    signal: init?.signal ?? source?.signal,
    outgoing(sent, signal) {
      const headers = new Headers(sent.headers);
      const isOwn = sent === request && (isSigned(headers) || keysIn(text) === keysOf(body));
      const json = isOwn ? text : JSON.stringify(sent.body);
      if (json !== text) headers.delete('content-length');
      const changed = { ...init, headers, body: json, signal };
      return source === undefined ? [input, changed] : [new Request(source, changed)];
    },
  };
}

async function bodyOf([input, init]: FetchArguments): Promise<string> {
  if (typeof init?.body === 'string') return init.body;
  if (init?.body !== undefined && init.body !== null) return new Response(init.body).text();
  return isRequest(input) ? input.text() : '';
}

function isRequest(input: FetchArguments[0]): input is Request {
  return typeof input !== 'string' && !(input instanceof URL);
}
