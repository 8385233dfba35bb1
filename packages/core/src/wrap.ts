import { childController } from './abort.ts';
import type { Call } from './chat/call.ts';
import { readMessages, type ChatMessage } from './chat/content.ts';
import { letGo, replay, readOnce } from './iterate.ts';
import { open } from './chat/opening.ts';
import { deliver } from './chat/reply.ts';
import { release } from './chat/stream.ts';
import { textAdapter, type Text } from './chat/text.ts';
import type { CallContext } from './moderation/moderator.ts';
import { ContentError } from './errors.ts';
import { isIterable, isText, isThenable } from './is.ts';
import { isRefusal, markRefusal } from './refusals.ts';

/** What `wrap` takes: messages in, text or pieces of text out. */
export type GenerateText<M extends ChatMessage, R> = (messages: M[], options: { readonly signal: AbortSignal }) => R;

/** What the function may return. */
export type GeneratedText = string | AsyncIterable<string> | PromiseLike<string | AsyncIterable<string>>;

/** The guarded function gives what the function gave; a plain string becomes a promise of one. */
export type WrappedText<R> =
  R extends AsyncIterable<string>
    ? AsyncIterable<string>
    : R extends PromiseLike<infer T>
      ? Promise<T extends string ? string : T extends AsyncIterable<string> ? AsyncIterable<string> : never>
      : Promise<string>;

/** The same function, guarded. */
export type Wrapped<M extends ChatMessage, R> = (
  messages: readonly M[],
  options?: { readonly signal?: AbortSignal; readonly context?: CallContext },
) => WrappedText<R>;

type Generated = Text | AsyncIterable<Text>;

/** A promise of what the function gave that can also be read as the stream that it is. */
export type GuardedText = Promise<string | AsyncIterable<string>> & AsyncIterable<string>;

/**
 * One guarded call of a function that returns text, pieces of text, or a promise of either. Which of these it is shows
 * only when it is called, after the input was judged.
 */
export function guardText<M extends ChatMessage>(
  call: Call,
  messages: readonly M[],
  generate: GenerateText<M, GeneratedText>,
): GuardedText {
  const running = run(call, messages, generate);
  const text = running.then((generated): string | AsyncIterable<string> =>
    isIterable(generated) ? strings(call, running) : generated.text,
  );
  const guarded = Object.assign(text, {
    [Symbol.asyncIterator]: () => strings(call, running, () => void markRefusal(guarded))[Symbol.asyncIterator](),
  });
  text.catch(() => {}); // who reads the stream meets the error there
  // Text has no identity: a guard around this one recognises a refusal by the promise that brings it.
  running.then(
    (generated) => {
      if (isRefusal(generated)) void markRefusal(guarded);
    },
    () => {},
  );
  return guarded;
}

async function run<M extends ChatMessage>(
  call: Call,
  given: readonly M[],
  generate: GenerateText<M, GeneratedText>,
): Promise<Generated> {
  let cancel = (): void => {};
  const once = async (
    request: readonly ChatMessage[],
    options: { readonly signal: AbortSignal },
  ): Promise<Generated> => {
    const { controller, unlink } = childController(options.signal);
    cancel = () => {
      unlink();
      controller.abort();
    };
    // Messages keep every field that they came with: edits only exchange their content. Each time a list of its own.
    return readGenerated(generate([...request] as M[], { signal: controller.signal }), !call.parts.isUnguarded);
  };
  try {
    // What is no content is the caller's mistake, not something unchecked; a guard that is off has no opinion of it.
    if (!call.parts.isUnguarded) readMessages(given, 'messages');
    call.start();
    const messages = given.map(copyOf); // what was judged is what is sent, whatever its owner does with it meanwhile
    const opening = await open<readonly ChatMessage[], Generated>(call, textAdapter, messages, once);
    const { request } = opening;
    if ('refusal' in opening) {
      call.settle('refused');
      return markRefusal(textAdapter.refuse(request, opening.refusal));
    }
    const first = opening.result;
    if (isIterable(first)) {
      call.kind = 'stream';
      return release(call, textAdapter, request, first, async (...again) => asPieces(await once(...again)), cancel);
    }
    return (await deliver(call, textAdapter, request, first, async (...again) => asWhole(await once(...again)))).reply;
  } catch (error) {
    throw call.settleWith(error);
  }
}

function copyOf<M extends ChatMessage>(message: M): M {
  const { content } = message;
  // The types say that it is one of the two; a guard that is off passes on whatever it is.
  return isParts(content) ? { ...message, content: content.map((part) => ({ ...part })) } : { ...message };
}

function isParts(content: ChatMessage['content']): content is Exclude<ChatMessage['content'], string> {
  return Array.isArray(content);
}

/** What the function gave, as texts that have an identity. */
async function readGenerated(generated: GeneratedText, isStrict: boolean): Promise<Generated> {
  const result = isThenable(generated) ? await generated : generated;
  if (isIterable<string>(result)) return texts(result, generated, isStrict);
  if (isStrict) checkText(result);
  return isRefusal(generated) ? markRefusal({ text: result }) : { text: result };
}

function texts(pieces: AsyncIterable<string>, source: unknown, isStrict: boolean): AsyncIterable<Text> {
  let iterator: AsyncIterator<string> | undefined;
  const open = (): AsyncIterator<string> => (iterator ??= pieces[Symbol.asyncIterator]());
  return readOnce<Text>(
    async () => {
      const result = await open().next();
      if (result.done) return { done: true, value: undefined };
      const text = result.value;
      if (isStrict) checkText(text);
      return { done: false, value: isRefusal(pieces) || isRefusal(source) ? markRefusal({ text }) : { text } };
    },
    () => letGo(open),
  );
}

/** The types say so, but not everybody has them. */
function checkText(text: unknown): void {
  if (!isText(text)) throw new ContentError('wrap', 'takes a function that gives text or pieces of text');
}

async function asWhole(generated: Generated): Promise<Text> {
  if (!isIterable(generated)) return generated;
  const parts: string[] = [];
  for await (const { text } of generated) parts.push(text);
  return { text: parts.join('') };
}

function asPieces(generated: Generated): AsyncIterable<Text> {
  return isIterable(generated) ? generated : replay([generated]);
}

/** The texts of a call as strings; whoever stops reading ends the call. */
function strings(call: Call, running: Promise<Generated>, onRefusal?: () => void): AsyncIterable<string> {
  let opened: Promise<AsyncIterator<Text>> | undefined;
  const iterator = (): Promise<AsyncIterator<Text>> =>
    (opened ??= running.then((generated) => asPieces(generated)[Symbol.asyncIterator]()));
  const iterable = readOnce<string>(
    async () => {
      const result = await (await iterator()).next();
      if (result.done) return { done: true, value: undefined };
      if (isRefusal(result.value)) {
        markRefusal(iterable);
        onRefusal?.();
      }
      return { done: false, value: result.value.text };
    },
    async () => {
      if (!call.isSettled) {
        call.abort();
        call.settle('aborted');
      }
      const source = await iterator().catch(() => undefined);
      await source?.return?.();
    },
  );
  return iterable;
}
