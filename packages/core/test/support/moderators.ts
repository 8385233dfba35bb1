import { clear, flag, type Item, type ModerateOptions, type Moderator, type Report } from '../../src/index.ts';

/** One request that a scripted moderator got. */
export interface Request {
  readonly items: readonly Item[];
  readonly options: ModerateOptions;
}

export interface Scripted<C extends string = string> extends Moderator<C> {
  readonly requests: Request[];
  /** The texts that it was asked about, in the order in which they came. */
  readonly texts: () => readonly (string | undefined)[];
}

/** What a script says of one item: a report, or rubbish. */
export type Script = (item: Item, options: ModerateOptions) => unknown;

type Rest<C extends string> = Partial<Omit<Moderator<C>, 'moderate' | 'categories'>>;

/** A moderator that answers by a script; it finds the words `zorp` and `blarg` unless told otherwise. */
export function scripted<const C extends string = 'zorp' | 'blarg'>({
  script = findWords,
  delay = 0,
  categories = ['zorp', 'blarg'] as unknown as readonly C[], // the default of C
  ...rest
}: Rest<C> & { script?: Script; delay?: number; categories?: readonly C[] } = {}): Scripted<C> {
  const requests: Request[] = [];
  return {
    name: 'words',
    categories,
    ...rest,
    requests,
    texts: () => requests.flatMap(({ items }) => items.map(({ segment }) => segment.text)),
    async moderate(items, options) {
      requests.push({ items, options });
      if (delay > 0) await sleep(delay);
      // What a script gives is for the guard to check.
      return (await Promise.all(items.map((item) => script(item, options)))) as readonly Report<C>[];
    },
  };
}

/** A moderator whose whole answer is somebody's: anything at all. */
export function answering<const C extends string = 'zorp' | 'blarg'>(
  answer: (items: readonly Item[], options: ModerateOptions) => unknown,
  rest: Rest<C> & { categories?: readonly C[] } = {},
): Scripted<C> {
  const requests: Request[] = [];
  return {
    ...scripted<C>(rest),
    requests,
    texts: () => requests.flatMap(({ items }) => items.map(({ segment }) => segment.text)),
    moderate(items, options) {
      requests.push({ items, options });
      return answer(items, options) as Promise<readonly Report<C>[]>;
    },
  };
}

export function findWords({ segment: { text = '' }, message = [] }: Item): Report<'zorp' | 'blarg'> {
  const all = [text, ...message.map((segment) => segment.text ?? '')].join(' ');
  const found = (['zorp', 'blarg'] as const).filter((word) => all.includes(word));
  return found.length > 0 ? flag(found) : clear();
}

/** Finds nothing, ever. */
export const nothing: Script = () => clear();

/** Never answers, and does not stop when it is told. */
export const hang = (): Promise<never> => new Promise(() => {});

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** A promise that somebody else settles. */
export function latch<T = void>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: Error) => void;
} {
  return Promise.withResolvers<T>();
}

/** Changes and deletes everything in reach, as far as it lets itself be changed. */
export function vandalise(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Reflect.ownKeys(value)) {
    vandalise(Reflect.get(value, key));
    if (Array.isArray(value) && key === 'length') Reflect.set(value, 'length', 0);
    else if (!Reflect.set(value, key, 0)) Reflect.deleteProperty(value, key);
  }
}
