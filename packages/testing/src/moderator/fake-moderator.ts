import {
  failed,
  unsupported,
  type CallContext,
  type FailureReason,
  type Item,
  type ModerateOptions,
  type Moderator,
  type Report,
  type Segment,
  type SegmentKind,
} from '@chaperone/core';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * How a fake moderator fails: with a report of this reason for each item, with an error, by never answering, or with
 * whatever the function returns in place of a list of reports.
 */
export type Failure = FailureReason | 'throws' | 'hangs' | (() => unknown);

/** Scores of the categories that are listed, and of others: what a moderator sends is open. */
export type Scores<C extends string> = { readonly [K in C]?: number } & {
  readonly [category: string]: number | undefined;
};

export interface FakeModeratorOptions<C extends string> {
  /** Default `'fake'`. */
  readonly name?: string;
  readonly revision?: string;
  /** Words, and the category in which a text that contains one is flagged. Letters count as they are. */
  readonly flags?: { readonly [word: string]: C };
  /** Categories that it lists beyond those of `flags`: what a policy may name. */
  readonly categories?: readonly C[];
  /** The scores that it gives a text; they flag nothing by themselves. Default: none. */
  readonly scores?: (text: string) => Scores<NoInfer<C>>;
  /** Milliseconds before it answers, or a function of the request that says so. Default 0. */
  readonly delay?: number | ((items: readonly Item[]) => number);
  /** How it fails from the start; see also `fail()`. */
  readonly fails?: Failure;
  /** It goes on in spite of an aborted signal. Default `false`: it rejects at once with the signal's reason. */
  readonly ignoresAbort?: boolean;
  /** The model that it says has answered. */
  readonly model?: string;
  readonly kinds?: readonly SegmentKind[];
  readonly reads?: 'segment' | 'message' | 'conversation';
  readonly partition?: (context: CallContext) => string;
  readonly span?: number;
  readonly maxCharacters?: number;
  readonly inProcess?: boolean;
  readonly batch?: { readonly items: number; readonly characters: number };
}

/** One request to a fake moderator. It is one object from beginning to end: `outcome` changes in place. */
export interface FakeCall {
  readonly items: readonly Item[];
  /** What was read of each item: its text, with the text before it where it continues one. */
  readonly texts: readonly string[];
  readonly context?: CallContext;
  readonly signal: AbortSignal;
  /** When, by `performance.now()`. */
  readonly at: number;
  /** `aborted`: its signal was, and it ended for that. `failed`: as it was told to. */
  readonly outcome: 'open' | 'answered' | 'aborted' | 'failed';
}

/** A moderator that plays by a script and remembers what it was asked. */
export interface FakeModerator<C extends string = string> extends Moderator<C> {
  /** Every request, in order. */
  readonly calls: readonly FakeCall[];
  /** Every text that it was asked about, in order. */
  readonly texts: readonly string[];
  /** Fails from now on; with `times`, so many requests only. */
  fail(how: Failure, options?: { readonly times?: number }): void;
  /** Fails no longer. */
  recover(): void;
}

/**
 * A moderator for tests: flags texts that contain certain words, gives scores, takes its time, fails as told.
 * @example fakeModerator({ flags: { zorp: 'violence' } })
 */
export function fakeModerator<const C extends string = never>(options: FakeModeratorOptions<C> = {}): FakeModerator<C> {
  const {
    name = 'fake',
    flags = {},
    categories = [],
    scores,
    delay = 0,
    fails: failsAtFirst,
    ignoresAbort = false,
    model,
    ...traits
  } = options;
  const calls: (FakeCall & { outcome: FakeCall['outcome'] })[] = [];
  let failure = failsAtFirst;
  let failuresLeft = Infinity;

  const report = (item: Item): Report<C> => {
    if (traits.kinds && !traits.kinds.includes(item.segment.kind)) return unsupported('kind');
    const text = textOf(item);
    const found = new Set(
      Object.entries<C>(flags).flatMap(([word, category]) => (text.includes(word) ? [category] : [])),
    );
    return {
      status: found.size > 0 ? 'flagged' : 'clear',
      flagged: [...found],
      scores: scores?.(text) ?? {},
      ...(model !== undefined && { model }),
    };
  };

  const takeFailure = (): Failure | undefined => (failuresLeft-- > 0 ? failure : undefined);

  const moderate = async (
    items: readonly Item[],
    { signal, context }: ModerateOptions,
  ): Promise<readonly Report<C>[]> => {
    const call: (typeof calls)[number] = {
      items,
      texts: items.map(textOf),
      ...(context && { context }),
      signal,
      at: performance.now(),
      outcome: 'open',
    };
    calls.push(call);
    const fails = takeFailure();
    try {
      const milliseconds = typeof delay === 'function' ? delay(items) : delay;
      await wait(fails === 'hangs' ? Infinity : milliseconds, ignoresAbort ? undefined : signal);
      if (fails === undefined) {
        const reports = items.map(report);
        call.outcome = 'answered';
        return reports;
      }
      if (fails === 'throws' || fails === 'hangs') throw new Error('The fake moderator was told to throw.');
      call.outcome = 'failed';
      if (typeof fails === 'function') return (await fails()) as readonly Report<C>[]; // to be of another type is what it is for
      return items.map(() => failed(fails));
    } catch (error) {
      call.outcome = signal.aborted && !ignoresAbort ? 'aborted' : 'failed';
      throw error;
    }
  };

  return {
    name,
    categories: [...new Set([...Object.values<C>(flags), ...categories])],
    ...traits,
    moderate,
    calls,
    get texts() {
      return calls.flatMap((call) => call.texts);
    },
    fail(how, { times = Infinity } = {}) {
      failure = how;
      failuresLeft = times;
    },
    recover() {
      failuresLeft = 0;
    },
  };
}

/** What is judged of an item. Earlier turns are read, but not judged: one bad turn would flag all that follow. */
function textOf({ segment, before = '', message }: Item): string {
  return message ? message.map(contentOf).join('\n') : before + contentOf(segment);
}

function contentOf({ text, image }: Segment): string {
  return text ?? (image instanceof URL ? image.href : '');
}

/** Rejects with the reason of the signal, as soon as that is aborted. */
async function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  if (milliseconds <= 0) return;
  try {
    if (milliseconds === Infinity) await aborted(signal);
    else await pause(milliseconds, undefined, signal && { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

async function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
  });
}
