import { readBody } from './body.ts';
import { isSigned, type OpenAIRequest } from './request.ts';

export type FetchArguments = Parameters<typeof globalThis.fetch>;

/** A call as the caller of `fetch` made it. */
export interface Incoming {
  readonly request: OpenAIRequest;
  /** If not, the request has no fields: a guard that waits for nothing sends what nobody has read. */
  readonly isReadable: boolean;
  readonly signal: AbortSignal | undefined;
  /**
   * The arguments for the inner `fetch`: the caller's own bytes while the request is the caller's own. If they say a
   * key twice they are written anew, for upstream may read the other one: what is sent is what was judged.
   */
  readonly outgoing: (request: OpenAIRequest, signal: AbortSignal) => FetchArguments;
}

export function urlOf([input]: FetchArguments): string {
  // Whatever else it is, `fetch` makes a string of it; a request of another realm has its address all the same.
  if (typeof input === 'string') return input;
  const address: unknown = Reflect.get(input, 'url');
  return typeof address === 'string' ? address : `${input as URL}`; // whatever it is, fetch reads it in this way
}

export function methodOf([input, init]: FetchArguments): string {
  return init?.method ?? (isRequest(input) ? input.method : 'GET');
}

/** Reads a call, or undefined where nobody can read its body: that must not be sent. */
export async function readIncoming(args: FetchArguments, takesForms: boolean): Promise<Incoming | undefined> {
  const [input, init] = args;
  const source = isRequest(input) ? input : undefined;
  const headers = new Headers(init?.headers ?? source?.headers);
  const body = await readBody(methodOf(args), headers, init?.body ?? source).catch(() => undefined); // read before, or broken off
  if (body === undefined) return undefined;
  // A body that must not be changed, and that two readers read in two ways, is one that nobody can read.
  const isReadable = body.isReadable && (takesForms || !body.isForm) && (body.isUnambiguous || !isSigned(headers));
  const request: OpenAIRequest = { url: urlOf(args), headers, body: isReadable ? body.fields : {} };
  return {
    request,
    isReadable,
    signal: init?.signal ?? source?.signal,
    outgoing(sent, signal) {
      const isOwn = sent === request && (!isReadable || body.isUnambiguous);
      const outgoing = new Headers(sent.headers);
      if (!isOwn) for (const name of OF_THE_BYTES) outgoing.delete(name);
      const given = isOwn ? body.given : JSON.stringify(sent.body);
      const changed = { ...init, headers: outgoing, signal, ...(given !== undefined && { body: given }) };
      return source === undefined ? [input, changed] : [new Request(source, changed)];
    },
  };
}

/** Headers that speak of the bytes of a body. */
const OF_THE_BYTES: readonly string[] = ['content-length', 'content-encoding'];

function isRequest(input: FetchArguments[0]): input is Request {
  return typeof input === 'object' && typeof Reflect.get(input, 'url') === 'string';
}
