import { posix } from 'node:path';
import type { ParsedFile } from '../parse.ts';
import { everyImport, isRelative, plant, type Rule } from './rule.ts';

/** The words of chat/ that everybody speaks; the rest of the folder carries calls out. */
const CHAT_WORDS = ['chat/segment.ts', 'chat/adapter.ts'];

/** One of core's arrows that there must not be. Places are relative to its `src`; a folder ends in `/`. */
interface ForbiddenArrow {
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Places in `to` that may be imported nevertheless. */
  readonly except?: readonly string[];
  /** Types may be imported. */
  readonly typesPass?: true;
  readonly why: string;
}

/** In the order of a call: nothing knows what comes after it. */
const FORBIDDEN_ARROWS: readonly ForbiddenArrow[] = [
  {
    why: 'the words of a chat speak of verdicts and decisions, and need no code for it',
    from: CHAT_WORDS,
    to: ['moderation/', 'policy/'],
    typesPass: true,
  },
  { why: 'the words of a chat know nothing of what is done', from: CHAT_WORDS, to: ['fallback/', 'judge.ts'] },
  { why: 'moderators only report', from: ['moderation/'], to: ['policy/', 'fallback/', 'judge.ts'] },
  { why: 'a policy only decides', from: ['policy/'], to: ['fallback/', 'judge.ts'] },
  { why: 'a fallback only answers', from: ['fallback/'], to: ['judge.ts'] },
  {
    why: 'what judges does not know what carries the call',
    from: ['moderation/', 'policy/', 'fallback/', 'judge.ts'],
    to: ['chat/'],
    except: CHAT_WORDS,
  },
  {
    why: 'the judge is the only road to a panel, a decision and an answer',
    from: ['chat/', 'wrap.ts'],
    to: ['moderation/', 'fallback/', 'policy/decide.ts'],
    typesPass: true,
  },
  {
    why: 'the guard wires the parts, and none of them knows it',
    from: ['chat/', 'moderation/', 'policy/', 'fallback/', 'judge.ts'],
    to: ['guard.ts'],
  },
];

/** Where in core's `src` a relative import leads. */
const targetInCore = (file: ParsedFile, specifier: string): string =>
  posix.relative('packages/core/src', posix.join(posix.dirname(file.path), specifier));

const isIn = (path: string, places: readonly string[]): boolean =>
  places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place));

const fileIn = (place: string): string => (place.endsWith('/') ? `${place}planted.ts` : place);

export const CORE_RULES: readonly Rule[] = FORBIDDEN_ARROWS.map(({ why, from, to, except = [], typesPass }) =>
  everyImport(
    `in core, ${why}: no import from ${from.join(', ')} to ${to.join(', ')}`,
    ({ specifier, typeOnly }, file, { folder }) => {
      if (folder !== 'core' || !isRelative(specifier) || (typesPass && typeOnly)) return false;
      const source = posix.relative('packages/core/src', file.path);
      const target = targetInCore(file, specifier);
      return isIn(source, from) && isIn(target, to) && !isIn(target, except);
    },
    from.flatMap((source) =>
      to.map((target) => {
        const file = fileIn(source);
        const up = file.includes('/') ? '../' : './';
        return plant(`core/src/${file}`, `import ${typesPass ? '' : 'type '}{ x } from '${up}${fileIn(target)}';`);
      }),
    ),
  ),
);
