import { cutEvery } from './answer.ts';
import { eventText, json, type Delivery, type Frame } from './delivery.ts';
import { errorBody } from './wire.ts';

/**
 * What goes wrong with an answer. `status`, `hang` and `reset` take no answer from the script; the others spoil one.
 *
 * - `status` – this status, with an error body of OpenAI's form unless `body` says otherwise. A 200 sends your own body.
 * - `hang` – nothing comes, and the connection stays open.
 * - `hang-in-body` – the head and half of the body come, then nothing.
 * - `reset`, `reset-in-body` – the connection is reset, before the head or in the middle of the body.
 * - `truncated` – the body stops in the middle; the connection ends as if that were all.
 * - `malformed` – status 200 and a body that is no JSON; in a stream one event that is none.
 * - `wrong-shape` – status 200 and JSON of another shape.
 * - `error-in-body` – in a stream an `{ error }` event after half of it, that of a response named `error`; else status 500.
 * - `slow-body` – the head at once, the body little by little over so many milliseconds.
 */
export type Fault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: { readonly [name: string]: string };
      readonly body?: string;
    }
  | { readonly kind: 'slow-body'; readonly ms: number }
  | 'hang'
  | 'hang-in-body'
  | 'reset'
  | 'reset-in-body'
  | 'truncated'
  | 'malformed'
  | 'wrong-shape'
  | 'error-in-body';

/**
 * What can go wrong, by what the server does: `chat` is whatever a model generates, at any endpoint, images too. `too-few` and
 * `too-many`: one result less, or more, than there are inputs.
 */
export interface Faults {
  readonly chat: Fault;
  readonly moderation: Fault | 'too-few' | 'too-many';
}

/** The faults of one endpoint: those with a count play first, in order, then the one without. */
export class FaultQueue<F> {
  readonly #counted: { readonly fault: F; left: number }[] = [];
  #lasting: F | undefined;

  add(fault: F, times: number | undefined): void {
    if (times === undefined) this.#lasting = fault;
    else if (times > 0) this.#counted.push({ fault, left: times });
  }

  take(): F | undefined {
    const first = this.#counted[0];
    if (first === undefined) return this.#lasting;
    first.left -= 1;
    if (first.left <= 0) this.#counted.shift();
    return first.fault;
  }

  clear(): void {
    this.#counted.length = 0;
    this.#lasting = undefined;
  }
}

/** The delivery that a fault makes where no answer is needed; undefined: it spoils one. */
export function faultWithoutAnswer(fault: Fault): Delivery | undefined {
  if (fault === 'hang' || fault === 'reset') return { wait: 0, head: undefined, frames: [], ending: fault };
  if (typeof fault === 'string' || fault.kind !== 'status') return undefined;
  const plain = json(fault.status, errorOfStatus(fault.status));
  return {
    ...plain,
    head: { status: fault.status, headers: { 'content-type': 'application/json', ...fault.headers } },
    frames: fault.body === undefined ? plain.frames : [{ text: fault.body, due: 0 }],
  };
}

/** A delivery with a fault in it. */
export function spoil(delivery: Delivery, fault: Fault): Delivery {
  if (fault === 'hang' || fault === 'reset') return { ...delivery, head: undefined, frames: [], ending: fault };
  if (typeof fault === 'string') return SPOILED[fault](delivery);
  return fault.kind === 'slow-body' ? { ...delivery, frames: slowed(delivery.frames, fault.ms) } : delivery;
}

type BodyFault = Exclude<Extract<Fault, string>, 'hang' | 'reset'>;

const SPOILED: { readonly [F in BodyFault]: (delivery: Delivery) => Delivery } = {
  'hang-in-body': (delivery) => ({ ...delivery, frames: firstHalf(delivery.frames), ending: 'hang' }),
  'reset-in-body': (delivery) => ({ ...delivery, frames: firstHalf(delivery.frames), ending: 'reset' }),
  truncated: (delivery) => ({ ...delivery, frames: firstHalf(delivery.frames) }),
  malformed(delivery) {
    const middle = Math.floor(delivery.frames.length / 2);
    const text = MALFORMED[delivery.events ?? 'none'];
    return { ...delivery, frames: delivery.frames.map((frame, at) => (at === middle ? { ...frame, text } : frame)) };
  },
  'wrong-shape'(delivery) {
    const other = { greeting: 'This has another shape.' };
    const texts = {
      none: [JSON.stringify(other)],
      unnamed: [eventText({ data: other }), eventText({ data: '[DONE]' })],
      named: [eventText({ name: 'greeting', data: other })],
    }[delivery.events ?? 'none'];
    return { ...delivery, frames: texts.map((text) => ({ text, due: 0 })) };
  },
  'error-in-body'(delivery) {
    const error = errorOfStatus(500);
    if (delivery.events === undefined) return json(500, error);
    const before = delivery.frames.slice(0, Math.ceil(delivery.frames.length / 2));
    const text =
      delivery.events === 'named'
        ? eventText({ name: 'error', data: { type: 'error', sequence_number: before.length, ...error } })
        : eventText({ data: error });
    return { ...delivery, frames: [...before, { text, due: before.at(-1)?.due ?? 0 }] };
  },
};

const MALFORMED = {
  none: '<html>This is no JSON.</html>',
  unnamed: 'data: {"id":"chatcmpl-\n\n',
  named: 'event: response.output_text.delta\ndata: {"type":"response.out\n\n',
} as const;

/** Half of the frames; the last of them is cut in its middle, so that a lone frame is cut too. */
function firstHalf(frames: readonly Frame[]): readonly Frame[] {
  const kept = frames.slice(0, Math.ceil(frames.length / 2));
  return kept.map((frame, at) =>
    at === kept.length - 1 ? { ...frame, text: frame.text.slice(0, Math.ceil(frame.text.length / 2)) } : frame,
  );
}

/** The same bytes, spread evenly; a lone frame is cut into ten. */
function slowed(frames: readonly Frame[], ms: number): readonly Frame[] {
  const whole = frames.map(({ text }) => text).join('');
  const pieces =
    frames.length > 1 ? frames.map(({ text }) => text) : cutEvery(Math.max(1, Math.ceil(whole.length / 10)), whole);
  return pieces.map((text, at) => ({ text, due: ((at + 1) * ms) / pieces.length }));
}

function errorOfStatus(status: number): object {
  switch (status) {
    case 401:
      return errorBody('Incorrect API key provided.', 'invalid_request_error', 'invalid_api_key');
    case 429:
      return errorBody('Rate limit reached.', 'requests', 'rate_limit_exceeded');
    case 503:
      return errorBody('The server is overloaded.', 'server_error', 'server_is_overloaded');
    default:
      return status >= 500
        ? errorBody('The server had an error while processing your request.', 'server_error', null)
        : errorBody('The request was refused.', 'invalid_request_error', null);
  }
}
