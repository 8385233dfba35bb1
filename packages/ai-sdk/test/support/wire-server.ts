import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Said } from './said.ts';

/** How one vendor's wire says something: at once, and as events. */
export interface Wire {
  readonly reply: (said: Said) => object;
  readonly events: (said: Said) => readonly object[];
  readonly isStream: (path: string, body: { readonly stream?: unknown }) => boolean;
}

export interface WireServer {
  readonly url: string;
  readonly bodies: string[];
  say(...answers: readonly Said[]): void;
  reset(): void;
  close(): Promise<void>;
}

/** A server on this machine that speaks one vendor's wire, as far as the SDK's provider listens. */
export async function startWire(wire: Wire): Promise<WireServer> {
  const bodies: string[] = [];
  let answers: readonly Said[] = [];
  let given = 0;
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      bodies.push(body);
      const said = answers[Math.min(given++, answers.length - 1)] ?? {};
      response.sendDate = false;
      if (!wire.isStream(request.url ?? '', JSON.parse(body))) {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(wire.reply(said)));
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of wire.events(said)) {
        const type = 'type' in event && typeof event.type === 'string' ? `event: ${event.type}\n` : '';
        response.write(`${type}data: ${JSON.stringify(event)}\n\n`);
        await new Promise(setImmediate);
      }
      response.end();
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  const reset = (): void => {
    bodies.length = 0;
    answers = [];
    given = 0;
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    bodies,
    say(...said) {
      answers = said;
      given = 0;
    },
    reset,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
