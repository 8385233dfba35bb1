import { RegExpParser, type AST } from '@eslint-community/regexpp';
import { characterTest, isWordAt } from './characters.ts';
import type { PlaceTest, Program, State } from './program.ts';

/** What a pattern came to: an automaton and how much text it may match, or why it is refused. */
export type Compiled =
  | { readonly program: Program; readonly least: number; readonly most: number }
  | { readonly problem: string };

/** More states than this are more than a pattern has that anybody can read. */
const MOST_STATES = 10_000;

/** Cannot be an automaton. The message is the end of a sentence that starts with the pattern's path. */
class Refusal extends Error {}

export function compile({ source, flags }: RegExp): Compiled {
  const unicode = flags.includes('u');
  const unicodeSets = flags.includes('v');
  const states: State[] = [];

  const add = (state: State): number => {
    if (states.length >= MOST_STATES) throw new Refusal('is too large once its repetitions are written out');
    return states.push(state) - 1;
  };

  /** Builds from the end: the state that a node begins with, where `next` comes after it. */
  const build = (node: AST.Element, next: number): number => {
    switch (node.type) {
      case 'Character':
      case 'CharacterSet':
      case 'CharacterClass':
      case 'ExpressionCharacterClass':
        if (holdsTexts(node)) throw new Refusal('has a class of texts of several characters: name them one by one');
        return add({ kind: 'character', test: characterTest(node.raw, flags), next });
      case 'Group':
        if (node.modifiers) throw new Refusal('changes its flags inside: use one pattern for each');
        return either(node.alternatives, next);
      case 'CapturingGroup':
        return either(node.alternatives, next);
      case 'Quantifier':
        return repeat(node, next);
      case 'Assertion':
        return add({ kind: 'place', test: placeTest(node, flags), next });
      case 'Backreference':
        throw new Refusal('refers back to what it has matched, for which no bound can be given');
    }
  };

  const either = (alternatives: readonly AST.Alternative[], next: number): number => {
    const starts = alternatives.map(({ elements }) => elements.reduceRight((after, node) => build(node, after), next));
    return starts.length === 1 ? (starts[0] ?? next) : add({ kind: 'split', next: starts });
  };

  const repeat = ({ element, min, max }: AST.Quantifier, next: number): number => {
    let start = next;
    if (max === Infinity) {
      const ways = [next];
      start = add({ kind: 'split', next: ways });
      ways.push(build(element, start));
    } else
      for (let left = max - min; left > 0; left -= 1)
        start = add({ kind: 'split', next: [build(element, start), next] });
    for (let left = min; left > 0; left -= 1) {
      const before = start;
      start = build(element, before);
      if (start === before) break; // what is empty once is so however often
    }
    return start;
  };

  try {
    const pattern = new RegExpParser().parsePattern(source, 0, source.length, { unicode, unicodeSets });
    const start = either(pattern.alternatives, add({ kind: 'match' }));
    const [least, most] = lengthOf(pattern.alternatives, unicode || unicodeSets);
    return { program: { states, start, byCodePoint: unicode || unicodeSets }, least, most };
  } catch (error) {
    return { problem: error instanceof Refusal ? error.message : 'is written in a way that is not known here' };
  }
}

function holdsTexts(
  node: AST.Character | AST.CharacterSet | AST.CharacterClass | AST.ExpressionCharacterClass,
): boolean {
  if (node.type === 'CharacterSet') return node.kind === 'property' && node.strings;
  return node.type !== 'Character' && /\\q\{|\\p\{(?:RGI_|Basic_Emoji|Emoji_Keycap)/.test(node.raw);
}

function placeTest(node: AST.Assertion, flags: string): PlaceTest {
  switch (node.kind) {
    case 'start':
      return flags.includes('m') ? (text, at) => at === 0 || endsLine(text.charCodeAt(at - 1)) : (_, at) => at === 0;
    case 'end':
      return flags.includes('m')
        ? (text, at) => at === text.length || endsLine(text.charCodeAt(at))
        : (text, at) => at === text.length;
    case 'word': {
      const { negate } = node;
      const isWord = isWordAt(flags);
      return (text, at) => (isWord(text, at - 1) !== isWord(text, at)) !== negate;
    }
    case 'lookahead':
    case 'lookbehind':
      throw new Refusal('looks around itself, for which no bound can be given');
  }
}

function endsLine(unit: number): boolean {
  return unit === 0x0a || unit === 0x0d || unit === 0x2028 || unit === 0x2029;
}

/** How many code units a match has, at least and at most. */
function lengthOf(alternatives: readonly AST.Alternative[], byCodePoint: boolean): readonly [number, number] {
  const lengths = alternatives.map(({ elements }) =>
    elements
      .map((node) => lengthOfElement(node, byCodePoint))
      .reduce(([least, most], [few, many]) => [least + few, most + many], [0, 0]),
  );
  return lengths.reduce(([least, most], [few, many]) => [Math.min(least, few), Math.max(most, many)], [Infinity, 0]);
}

function lengthOfElement(node: AST.Element, byCodePoint: boolean): readonly [number, number] {
  switch (node.type) {
    case 'Group':
    case 'CapturingGroup':
      return lengthOf(node.alternatives, byCodePoint);
    case 'Quantifier': {
      const [least, most] = lengthOfElement(node.element, byCodePoint);
      return [least * node.min, most === 0 || node.max === 0 ? 0 : most * node.max];
    }
    case 'Assertion':
    case 'Backreference':
      return [0, 0];
    case 'Character':
      return node.value > 0xffff ? [2, 2] : [1, 1];
    case 'CharacterSet':
    case 'CharacterClass':
    case 'ExpressionCharacterClass':
      return [1, byCodePoint ? 2 : 1];
  }
}
