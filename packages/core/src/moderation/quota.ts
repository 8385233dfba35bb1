/** What a service lets itself be asked in a minute. */
export interface Quota {
  /** Requests a minute. Default: no limit. */
  readonly requests?: number;
  /** Tokens a minute; a text's are estimated, rather too high than too low. Default: no limit. */
  readonly tokens?: number;
}

/** Keeps requests within a quota, over every minute and not only from one full minute to the next. */
export interface QuotaKeeper {
  /** After how many milliseconds a request of so many tokens may be sent: 0, now; `Infinity`, never. */
  waitFor(tokens: number): number;
  /** Counts a request that is sent. */
  take(tokens: number): void;
  /** Nothing was sent in the last minute. */
  readonly isUnused: boolean;
}

/** A second more than the minute, for the time that requests are under way differs. */
const WINDOW = 61_000;

export function createQuotaKeeper({ requests = Infinity, tokens = Infinity }: Quota): QuotaKeeper {
  const taken = new Set<{ readonly at: number; readonly tokens: number }>();
  let sum = 0;
  const forget = (): void => {
    const now = performance.now();
    for (const each of taken) {
      if (each.at > now - WINDOW) return;
      taken.delete(each);
      sum -= each.tokens;
    }
  };
  return {
    waitFor(wanted) {
      forget();
      if (wanted > tokens) return Infinity;
      let left = taken.size;
      let used = sum;
      let free = performance.now();
      for (const each of taken) {
        if (left < requests && used + wanted <= tokens) break;
        left -= 1;
        used -= each.tokens;
        free = each.at + WINDOW;
      }
      return Math.max(0, free - performance.now());
    },
    take(wanted) {
      taken.add({ at: performance.now(), tokens: wanted });
      sum += wanted;
    },
    get isUnused() {
      forget();
      return taken.size === 0;
    },
  };
}
