/**
 * How much the moderation endpoint takes in a window that slides: what arrived in the last `window` milliseconds, and was
 * not refused, stays below or at these limits.
 */
export interface Quota {
  /** Requests in a window. Default: any number. */
  readonly requests?: number;
  /** Tokens in a window, of the texts of all inputs; images count none. Default: any number. */
  readonly tokens?: number;
  /** Milliseconds that the quota is for. Default: 60_000. */
  readonly window?: number;
  /**
   * How many tokens a text counts, 0 or more. Default: a fair estimate of what a real tokenizer counts, one token for
   * every four ASCII characters, rounded up, and one for each other character.
   */
  readonly tokensOf?: (text: string) => number;
}

/** What a quota limits. */
export const UNITS = ['requests', 'tokens'] as const;
export type Unit = (typeof UNITS)[number];

/** What was added in the last so many milliseconds. It reads no clock: times are handed in, and never go back. */
export class SlidingWindow {
  readonly #length: number;
  readonly #entries: { readonly at: number; readonly amount: number }[] = [];
  #sum = 0;
  #most = 0;

  constructor(length: number) {
    this.#length = length;
  }

  /** The highest sum ever. A sum only rises where something is added, so no moment in between is missed. */
  get most(): number {
    return this.#most;
  }

  add(at: number, amount: number): void {
    this.#most = Math.max(this.#most, this.sum(at) + amount);
    this.#entries.push({ at, amount });
    this.#sum += amount;
  }

  /** The sum at a time; what was added exactly one length before has just left. */
  sum(at: number): number {
    for (let first = this.#entries[0]; first && first.at + this.#length <= at; first = this.#entries[0]) {
      this.#sum -= first.amount;
      this.#entries.shift();
    }
    return this.#sum;
  }

  /** Milliseconds until an amount brings the sum to no more than a limit: 0 is now, `Infinity` never. */
  waitFor(amount: number, limit: number, at: number): number {
    let excess = this.sum(at) + amount - limit;
    if (excess <= 0) return 0;
    for (const entry of this.#entries) {
      excess -= entry.amount;
      if (excess <= 0) return entry.at + this.#length - at;
    }
    return Infinity;
  }

  /** Milliseconds until nothing is left. */
  emptyIn(at: number): number {
    this.sum(at);
    const last = this.#entries.at(-1);
    return last ? last.at + this.#length - at : 0;
  }
}

/** Throws a RangeError for a quota that cannot be kept: a `NaN` would let everything in, and a test would prove nothing. */
export function checkQuota({ requests = 0, tokens = 0, window = DEFAULT_WINDOW }: Quota = {}): void {
  if (!(requests >= 0 && tokens >= 0)) throw new RangeError('The limits of a quota must be 0 or more.');
  if (!(window > 0 && window < Infinity)) throw new RangeError('The window of a quota must be above 0 ms, and end.');
}

/** Why a request is over the quota. */
export interface Refusal {
  readonly unit: Unit;
  readonly limit: number;
  /** What the window holds without the request. */
  readonly used: number;
  readonly requested: number;
  /** Milliseconds until it would be let in; `Infinity`: it is more than the whole quota. */
  readonly wait: number;
}

/** How things stand with one limit. */
export interface Standing {
  readonly unit: Unit;
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds until the window is empty. */
  readonly reset: number;
}

/** Holds requests against a quota, and counts them also where there is none. */
export class QuotaMeter {
  readonly #quota: Quota;
  readonly #arrived: PerUnit<SlidingWindow>;
  readonly #letIn: PerUnit<SlidingWindow>;

  constructor(quota: Quota = {}) {
    checkQuota(quota);
    const { window = DEFAULT_WINDOW } = quota;
    this.#quota = quota;
    this.#arrived = { requests: new SlidingWindow(window), tokens: new SlidingWindow(window) };
    this.#letIn = { requests: new SlidingWindow(window), tokens: new SlidingWindow(window) };
  }

  /** The highest sum in a window of what arrived, let in or not. */
  most(unit: Unit): number {
    return this.#arrived[unit].most;
  }

  /** Counts a request; undefined: it is let in, as an exempt one always is. */
  take(texts: readonly string[], at: number, { exempt }: { readonly exempt: boolean }): Refusal | undefined {
    const { tokensOf = estimateTokens } = this.#quota;
    const cost = { requests: 1, tokens: texts.reduce((sum, text) => sum + tokensOf(text), 0) };
    for (const unit of UNITS) this.#arrived[unit].add(at, cost[unit]);
    const refusal = exempt ? undefined : this.#refusal(cost, at);
    if (refusal === undefined) for (const unit of UNITS) this.#letIn[unit].add(at, cost[unit]);
    return refusal;
  }

  /** How things stand with each limit that is set. */
  standings(at: number): readonly Standing[] {
    return UNITS.flatMap((unit) => {
      const limit = this.#quota[unit];
      if (limit === undefined) return [];
      const window = this.#letIn[unit];
      return [{ unit, limit, remaining: Math.max(0, limit - window.sum(at)), reset: window.emptyIn(at) }];
    });
  }

  /** That of the longest wait, so that who waits so long is let in. */
  #refusal(cost: PerUnit<number>, at: number): Refusal | undefined {
    const refusals = UNITS.flatMap((unit) => {
      const limit = this.#quota[unit] ?? Infinity;
      const window = this.#letIn[unit];
      const wait = window.waitFor(cost[unit], limit, at);
      return wait > 0 ? [{ unit, limit, used: window.sum(at), requested: cost[unit], wait }] : [];
    });
    return refusals.toSorted((one, other) => other.wait - one.wait)[0];
  }
}

type PerUnit<Value> = { readonly [U in Unit]: Value };

const DEFAULT_WINDOW = 60_000;

function estimateTokens(text: string): number {
  const others = text.match(/\P{ASCII}/gu) ?? [];
  return Math.ceil((text.length - others.join('').length) / 4) + others.length;
}
