import type { ChatScript } from '@chaperone/testing';
import { INSULT, MILD_INSULT } from '../texts.ts';

const CLEAN = [
  'Thank you, that is a good question to start from.',
  'Here is a short answer: it depends, and most of the time it goes well.',
  'Let us take it one step at a time.',
];

/** By line number: which lines get a reply that is not clean. */
const isStubborn = (line: number): boolean => line % 50 === 23;
const isFirstFlagged = (line: number): boolean => line % 20 === 7;
const isMild = (line: number): boolean => line % 40 === 11;

export const SCRIPT_IN_WORDS =
  'The scripted model knows the number of the line and nothing else: it never reads the conversation and never ' +
  `quotes it. Most lines get a clean sentence; every 20th gets “${INSULT}” first and a clean sentence on the retry; ` +
  `every 50th gets “${INSULT}” each time; every 40th gets the milder “${MILD_INSULT}”`;

/** The field of a request in which it is told: the scripted model has no other way to know. */
export function numbered(line: number): { readonly metadata: { readonly line: string } } {
  return { metadata: { line: String(line) } };
}

/** A model that answers by line number, the same in every run. */
export function createScript(): ChatScript {
  const generations = new Map<number, number>();
  return ({ metadata }) => {
    const line = lineOf(metadata);
    const generation = (generations.get(line) ?? 0) + 1;
    generations.set(line, generation);
    if (isStubborn(line) || (isFirstFlagged(line) && generation === 1)) return INSULT;
    if (isMild(line)) return MILD_INSULT;
    return CLEAN[line % CLEAN.length] ?? '';
  };
}

function lineOf(metadata: unknown): number {
  return typeof metadata === 'object' && metadata !== null && 'line' in metadata ? Number(metadata.line) : 0;
}
