import { OUTPUTS } from '../model/outputs.ts';
import type { Calculator } from './calculate.ts';
import { createPool } from './pool.ts';
import type { Reading } from './reader.ts';
import { subjectsOf } from './rules.ts';
import { windowBegins, WINDOW_WORDS } from './windows.ts';

/** What there is of everything that speaks for or against a category. */
export interface Evidence {
  /** The outputs, each the mean of the strongest windows and of the text as a whole. */
  readonly signs: Float64Array;
  /** How surely something sexual is said with somebody under age, given that something sexual is said; 0 to 1. */
  readonly minors: number;
  readonly gore: number;
}

const SEXUAL = OUTPUTS.indexOf('sexual');

/** Weighs a text by its windows and its whole. */
export function weigh(calculator: Calculator, reading: Reading, isMinorNamed: boolean): Evidence {
  const { words } = reading;
  const outputs = new Float64Array(OUTPUTS.length);
  const whole = new Float64Array(OUTPUTS.length);
  const pool = createPool();
  let gore = 0;
  let minors = 0;
  let strongest = -Infinity;
  for (const begin of windowBegins(words.length)) {
    const end = Math.min(words.length, begin + WINDOW_WORDS);
    calculator.begin(reading, begin);
    calculator.extend(end);
    calculator.readInto(outputs);
    pool.add(outputs);
    if (begin === 0) {
      // The whole begins as the first window does.
      calculator.extend(words.length);
      calculator.readInto(whole);
    }
    const subjects = subjectsOf(words, begin, end);
    gore = Math.max(gore, subjects.gore);
    const sexual = outputs[SEXUAL]!;
    // Weaker windows count for less: what is said of a child elsewhere in a long text is no part of it.
    if (sexual > strongest) {
      minors *= Math.exp((strongest - sexual) / 2);
      strongest = sexual;
    }
    minors = Math.max(minors, (isMinorNamed ? 1 : subjects.minors) * Math.exp((sexual - strongest) / 2));
  }
  const signs = new Float64Array(OUTPUTS.length);
  pool.readInto(signs);
  for (let at = 0; at < OUTPUTS.length; at += 1) signs[at] = (signs[at]! + whole[at]!) / 2;
  return { signs, minors, gore };
}
