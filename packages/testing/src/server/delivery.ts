import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** A piece of a body that goes out in one write. */
export interface Frame {
  readonly text: string;
  /** When, in milliseconds after the head. */
  readonly due: number;
}

/** How an answer goes out: what, when, and how it ends. */
export interface Delivery {
  /** Milliseconds before anything goes out. */
  readonly wait: number;
  /** Undefined: not even the head goes out. */
  readonly head: { readonly status: number; readonly headers: { readonly [name: string]: string } } | undefined;
  readonly frames: readonly Frame[];
  /** What the frames are. Default: a JSON body. */
  readonly events?: 'unnamed' | 'named';
  readonly ending: 'end' | 'hang' | 'reset';
}

/** A reset throws away what the client has not read yet, so it comes only so many milliseconds after the last write. */
const READING_TIME = 20;

/** A JSON body in one piece. */
export function json(status: number, body: object, wait = 0): Delivery {
  return {
    wait,
    head: { status, headers: { 'content-type': 'application/json' } },
    frames: [{ text: JSON.stringify(body), due: 0 }],
    ending: 'end',
  };
}

/** A server-sent event. */
export interface ServerSentEvent {
  readonly name?: string;
  readonly data: object | string;
}

/** An event as it goes over the wire. */
export function eventText({ name, data }: ServerSentEvent): string {
  const lines = [...(name === undefined ? [] : [`event: ${name}`]), `data: ${textOf(data)}`];
  return `${lines.join('\n')}\n\n`;
}

/** Server-sent events, a frame each. */
export function eventStream(events: readonly (ServerSentEvent & { readonly due: number })[]): Delivery {
  return {
    wait: 0,
    head: {
      status: 200,
      headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
    },
    frames: events.map((event) => ({ text: eventText(event), due: event.due })),
    events: events.some(({ name }) => name !== undefined) ? 'named' : 'unnamed',
    ending: 'end',
  };
}

/** Carries out a delivery; rejects when the signal is aborted first. */
export async function deliver(
  response: ServerResponse,
  { wait, head, frames, ending }: Delivery,
  signal: AbortSignal,
): Promise<void> {
  await pauseFor(wait, signal);
  if (head) {
    response.writeHead(head.status, { ...head.headers });
    const [only] = frames;
    if (only && frames.length === 1 && only.due === 0 && ending === 'end') {
      response.end(only.text); // in one go, so that the answer has a `content-length`, as the real one does
      return;
    }
    response.flushHeaders();
    const begun = performance.now();
    for (const { text, due } of frames) {
      // Against the clock, not one after the other: what a timer is late does not add up.
      await pauseFor(begun + due - performance.now(), signal);
      if (!response.write(text)) await once(response, 'drain', { signal });
    }
  }
  if (ending === 'end') response.end();
  if (ending === 'reset') {
    if (head) await pause(READING_TIME, undefined, { signal });
    response.socket?.resetAndDestroy();
  }
}

function textOf(data: object | string): string {
  return typeof data === 'string' ? data : JSON.stringify(data);
}

async function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds > 0) await pause(milliseconds, undefined, { signal });
}
