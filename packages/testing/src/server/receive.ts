import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { endpointOf } from './endpoint.ts';
import type { OpenRecord } from './record.ts';
import {
  isChatRequest,
  isCompletionsRequest,
  isImagesRequest,
  isModerationRequest,
  isResponsesRequest,
} from './wire.ts';

/** Reads a request to its end. */
export async function receive(request: IncomingMessage): Promise<OpenRecord> {
  const body = parse(await text(request));
  const { method = 'GET', url: path = '/' } = request;
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

function parse(sent: string): unknown {
  try {
    return JSON.parse(sent);
  } catch {
    return sent;
  }
}
