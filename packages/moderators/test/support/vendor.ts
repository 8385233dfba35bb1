import type { FailureReason } from '@chaperone/core';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** One request that came, and whether whoever sent it left before it was answered. */
export interface VendorRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  left: boolean;
}

/** What goes wrong with an answer. */
export type VendorFault =
  | { readonly status: number; readonly headers?: { readonly [name: string]: string }; readonly body?: unknown }
  | { readonly answer: unknown }
  | 'hang'
  | 'hang-in-body'
  | 'reset'
  | 'truncated'
  | 'malformed'
  | 'wrong-shape';

/** What a vendor's service answers a request with. */
export type VendorScript = (request: VendorRequest) => unknown;

/** A real HTTP server on 127.0.0.1 that answers as a vendor's service would, or fails as one does. */
export interface Vendor extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly VendorRequest[];
  script: VendorScript;
  fault: VendorFault | undefined;
  /** As just started, but for the script. */
  reset(): void;
}

export async function startVendor(script: VendorScript): Promise<Vendor> {
  const requests: VendorRequest[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const entry: VendorRequest = {
        path: request.url ?? '',
        headers: request.headers,
        body: read(await text(request)),
        left: false,
      };
      requests.push(entry);
      response.on('close', () => (entry.left = !response.writableFinished));
      if (vendor.fault === undefined) send(response, 200, await vendor.script(entry));
      else fail(response, vendor.fault, async () => JSON.stringify(await vendor.script(entry)));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  const vendor: Vendor = {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    script,
    fault: undefined,
    reset() {
      requests.length = 0;
      vendor.fault = undefined;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return vendor;
}

function fail(response: ServerResponse, fault: VendorFault, answer: () => Promise<string>): void {
  if (typeof fault === 'object') {
    if ('answer' in fault) send(response, 200, fault.answer);
    else send(response, fault.status, fault.body ?? { error: { message: 'canary-body' } }, fault.headers);
    return;
  }
  if (fault === 'hang') return;
  if (fault === 'reset') response.socket?.resetAndDestroy();
  else if (fault === 'malformed') send(response, 200, '<html>canary-body</html>');
  else if (fault === 'wrong-shape') send(response, 200, { greeting: 'canary-body' });
  else
    void answer().then((whole) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const half = whole.slice(0, Math.ceil(whole.length / 2));
      if (fault === 'truncated') response.end(half);
      else response.write(half);
    });
}

function send(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

function read(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

/** What a fault has to come to, whoever the vendor is. */
export interface FaultEntry {
  readonly title: string;
  readonly fault: VendorFault;
  readonly reason: FailureReason;
  /** Requests within a deadline of 150 milliseconds. */
  readonly requests: number;
}

export const FAULTS: readonly FaultEntry[] = [
  { title: 'it hangs', fault: 'hang', reason: 'timeout', requests: 1 },
  { title: 'it hangs in the body', fault: 'hang-in-body', reason: 'timeout', requests: 1 },
  { title: 'it resets the connection', fault: 'reset', reason: 'unavailable', requests: 3 },
  { title: 'it answers 500', fault: { status: 500 }, reason: 'unavailable', requests: 3 },
  { title: 'it answers 503', fault: { status: 503 }, reason: 'unavailable', requests: 3 },
  {
    title: 'it answers 429 with a Retry-After beyond the deadline',
    fault: { status: 429, headers: { 'retry-after': '30' } },
    reason: 'quota',
    requests: 1,
  },
  {
    title: 'it answers 429 with a Retry-After within the deadline',
    fault: { status: 429, headers: { 'retry-after-ms': '1' } },
    reason: 'quota',
    requests: 3,
  },
  { title: 'it answers 401', fault: { status: 401 }, reason: 'denied', requests: 1 },
  { title: 'it answers 403', fault: { status: 403 }, reason: 'denied', requests: 1 },
  { title: 'it answers 404', fault: { status: 404 }, reason: 'denied', requests: 1 },
  {
    title: 'it redirects',
    fault: { status: 307, headers: { location: '/elsewhere' } },
    reason: 'denied',
    requests: 1,
  },
  { title: 'it answers 400', fault: { status: 400 }, reason: 'refused', requests: 1 },
  { title: 'its answer is no JSON', fault: 'malformed', reason: 'malformed', requests: 1 },
  { title: 'its answer is cut off', fault: 'truncated', reason: 'malformed', requests: 1 },
  { title: 'its answer has another shape', fault: 'wrong-shape', reason: 'malformed', requests: 1 },
  { title: 'its answer is null', fault: { answer: 'null' }, reason: 'malformed', requests: 1 },
  { title: 'its answer is empty', fault: { answer: '' }, reason: 'malformed', requests: 1 },
];
