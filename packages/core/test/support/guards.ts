import { afterEach, expect } from 'vitest';
import {
  createGuard,
  type CallOptions,
  type CategoryOf,
  type Decision,
  type Events,
  type Guard,
  type GuardOptions,
  type Moderator,
} from '../../src/index.ts';
import { chunksOf, joined, protocol, type Adapter, type ChatReply, type ChatRequest, type Chunk } from './protocol.ts';

/** What a guard has told so far, by event. */
export type Told<C extends string = string> = { readonly [E in keyof Events<C>]: Events<C>[E][] };

export interface Watched<C extends string = string> extends Guard<C> {
  readonly told: Told<C>;
  /** Calls that were begun through this guard; undefined once it checked many at a time. */
  readonly calls: () => number | undefined;
  with(...context: Parameters<Guard<C>['with']>): Watched<C>;
}

const watched: Watched[] = [];

// The promise that holds for every test: each call ends in exactly one `settled`.
afterEach(async () => {
  for (const guard of watched.splice(0)) {
    await guard.idle();
    const calls = guard.calls();
    if (calls !== undefined) expect(guard.told.settled, 'one `settled` for each call').toHaveLength(calls);
  }
});

/** A guard that notes what it tells; after the test each of its calls must have settled exactly once. */
export function watch<I extends Moderator, O extends Moderator = I>(
  options: GuardOptions<I, O>,
): Watched<CategoryOf<I | O>> {
  type C = CategoryOf<I | O>;
  const guard = createGuard(options);
  const told: Told<C> = {
    flagged: [],
    retried: [],
    settled: [],
    'moderator-failed': [],
    breaker: [],
    'model-changed': [],
    shadowed: [],
  };
  guard.on('flagged', (event) => told.flagged.push(event));
  guard.on('retried', (event) => told.retried.push(event));
  guard.on('settled', (event) => told.settled.push(event));
  guard.on('moderator-failed', (event) => told['moderator-failed'].push(event));
  guard.on('breaker', (event) => told.breaker.push(event));
  guard.on('model-changed', (event) => told['model-changed'].push(event));
  guard.on('shadowed', (event) => told.shadowed.push(event));
  let calls = 0;
  let hasMany = false;
  const counting = (inner: Guard<C>): Watched<C> => ({
    ...inner,
    told,
    calls: () => (hasMany ? undefined : calls),
    check: (...args) => (calls++, inner.check(...args)),
    // How many calls it begins ahead is its own business.
    checkMany: (...args) => ((hasMany = true), inner.checkMany(...args)),
    wrap: (generate) => {
      const wrapped = inner.wrap(generate);
      return (...args) => (calls++, wrapped(...args));
    },
    clean: (...args) => (calls++, inner.clean(...args)),
    reply: (...args) => (calls++, inner.reply(...args)),
    stream: (...args) => (calls++, inner.stream(...args)),
    with: (context) => counting(inner.with(context)),
  });
  const counted = counting(guard);
  watched.push(counted);
  return counted;
}

/** One generation that a model was asked for. */
export interface Generation {
  readonly request: ChatRequest;
  readonly signal: AbortSignal;
  readonly attempt: number;
}

/** What a model answers: a reply, an error, or whatever a function makes of the generation. */
export type Answer = ChatReply | Error | ((generation: Generation) => ChatReply | Promise<ChatReply>);

/** A model that gives the answers in their order; the last one again and again. */
export interface Model {
  readonly generations: Generation[];
  readonly answer: (generation: Generation) => Promise<ChatReply>;
}

export function model(...answers: readonly Answer[]): Model {
  const generations: Generation[] = [];
  return {
    generations,
    async answer(generation) {
      generations.push(generation);
      const answer = answers[Math.min(generations.length, answers.length) - 1];
      if (answer === undefined) throw new Error('This model has nothing to say');
      if (answer instanceof Error) throw answer;
      return typeof answer === 'function' ? answer(generation) : answer;
    },
  };
}

export interface Came<C extends string = string> {
  readonly reply: ChatReply;
  readonly delivery: string;
  readonly input?: Decision<C>;
  readonly output?: Decision<C>;
  readonly attempts: number;
}

/** The two ways in which a reply comes. What holds for the one must hold for the other. */
export const FORMS = ['reply', 'stream'] as const;
export type Form = (typeof FORMS)[number];

/** One guarded call in either form, read to its end; what it came to is as its `settled` says. */
export async function ask<C extends string>(
  form: Form,
  guard: Watched<C>,
  request: ChatRequest,
  { answer }: Model,
  { adapter = protocol, ...options }: CallOptions & { readonly adapter?: Adapter } = {},
): Promise<Came<C>> {
  const settled = latest(guard);
  let got: ChatReply;
  if (form === 'reply') {
    const guarded = await guard.reply(adapter, request, (sent, call) => answer({ request: sent, ...call }), options);
    got = guarded.reply;
  } else {
    const generate = async (sent: ChatRequest, call: Omit<Generation, 'request'>): Promise<AsyncIterable<Chunk>> =>
      iterate(chunksOf(await answer({ request: sent, ...call })));
    const { stream } = await guard.stream(adapter, request, generate, options);
    got = joined(await collect(stream));
  }
  const end = await settled;
  return {
    reply: got,
    delivery: end.delivery,
    attempts: end.attempts,
    ...(end.input && { input: end.input }),
    ...(end.output && { output: end.output }),
  };
}

function latest<C extends string>(guard: Guard<C>): Promise<Events<C>['settled']> {
  return new Promise((resolve) => {
    guard.once('settled', resolve);
  });
}

export async function* iterate<T>(items: Iterable<T>): AsyncGenerator<T, void, undefined> {
  for (const item of items) {
    await Promise.resolve();
    yield item;
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The texts of a reply, choice by choice. */
export function texts({ choices }: ChatReply): readonly string[] {
  return choices.map(({ text }) => text);
}

/** Whether a promise settles within so many milliseconds: a hanging call fails its test in a sentence. */
export async function within<T>(milliseconds: number, promise: PromiseLike<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Nothing came within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
