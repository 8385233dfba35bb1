/** What a call came to, an error included: all that its caller could see. */
export interface Outcome {
  readonly seen: string;
  readonly value?: unknown;
  readonly error?: unknown;
}

export async function outcomeOf(call: Promise<unknown>): Promise<Outcome> {
  try {
    const value = await call;
    return { seen: visible(value), value };
  } catch (error) {
    return { seen: `${String(error)} ${visible(error)}`, error };
  }
}

/** Clocks, and ids that the SDK draws by lot. */
const BY_CHANCE: ReadonlySet<string> = new Set(['performance', 'timestamp', 'date', 'callId', 'messageId']);

/** As JSON, without what is another each time. */
export function visible(value: unknown): string {
  return JSON.stringify(value, (key, each: unknown) => {
    if (BY_CHANCE.has(key)) return undefined;
    if (key === 'id' && typeof each === 'string' && /^(?:aitxt|msg|call)-/.test(each)) return undefined;
    return each instanceof Error ? Object.assign({}, each, { name: each.name, message: each.message }) : each;
  });
}
