import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { endpointOf } from './endpoint.ts';
import type { OpenRecord } from './record.ts';
import {
  isChatRequest,
  isCompletionsRequest,
  isImagesRequest,
  isModerationRequest,
  isResponsesRequest,
} from './wire.ts';

/** Reads a request to its end, also one that was compressed. */
export async function receive(request: IncomingMessage): Promise<OpenRecord> {
  const sent = await buffer(request);
  const { method = 'GET', url: path = '/' } = request;
  const body = withDeployment(read(sent, request.headers['content-encoding']), path);
  const common = { method, path, headers: readHeaders(request), at: performance.now(), aborted: false };
  const endpoint = endpointOf(method, path);
  if (endpoint === 'chat' && isChatRequest(body)) return { endpoint, body, ...common };
  if (endpoint === 'responses' && isResponsesRequest(body)) return { endpoint, body, ...common };
  if (endpoint === 'completions' && isCompletionsRequest(body)) return { endpoint, body, ...common };
  if (endpoint === 'images' && isImagesRequest(body)) return { endpoint, body, ...common };
  if (endpoint === 'moderation' && isModerationRequest(body)) return { endpoint, body, refused: false, ...common };
  return { endpoint: 'other', body, ...common };
}

function readHeaders({ headers }: IncomingMessage): { readonly [name: string]: string } {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

const DECODERS: ReadonlyMap<string, (sent: Buffer) => Buffer> = new Map<string, (sent: Buffer) => Buffer>([
  ['identity', (sent) => sent],
  ['gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
]);

/** The value of a JSON body; the text of what is none, or is not encoded as it says, or in an unknown way. */
function read(sent: Buffer, encoding = 'identity'): unknown {
  try {
    const body = DECODERS.get(encoding.toLowerCase())?.(sent).toString();
    return body === undefined ? sent.toString() : parse(body);
  } catch {
    return sent.toString();
  }
}

/** On Azure the path names the model; it is added where the body does not name one. */
function withDeployment(body: unknown, path: string): unknown {
  const [, deployment] = /\/deployments\/([^/]+)\//.exec(path) ?? [];
  if (deployment === undefined || typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  return { model: deployment, ...body };
}

function parse(sent: string): unknown {
  try {
    return JSON.parse(sent);
  } catch {
    return sent;
  }
}
