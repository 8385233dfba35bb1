import type { Decision, Guard } from '@chaperone/core';
import { describeEvent } from '../describe.ts';

/** What a guard told of one call. */
export interface CallRecord {
  /** In order, each as its name and what is particular about it. */
  readonly events: readonly (readonly [name: string, detail: string])[];
  /** In the order of the call: the input's, then one for each generation. */
  readonly decisions: readonly Decision[];
  readonly generations: number;
  stop(): void;
}

/** Listens to everything that a guard tells from now on. */
export function record(guard: Guard): CallRecord {
  const events: [name: string, detail: string][] = [];
  const decisions = new Map<string, Decision>();
  let generations = 0;
  const note = (decision: Decision | undefined): void => void (decision && decisions.set(decision.id, decision));
  const stops = [
    guard.on(
      'moderator-failed',
      (event) => void events.push(['moderator-failed', describeEvent['moderator-failed'](event)]),
    ),
    guard.on('model-changed', (event) => void events.push(['model-changed', describeEvent['model-changed'](event)])),
    guard.on('retried', (event) => void events.push(['retried', describeEvent.retried(event)])),
    guard.on('flagged', (event) => {
      events.push(['flagged', describeEvent.flagged(event)]);
      note(event.decision);
    }),
    guard.on('settled', (event) => {
      events.push(['settled', describeEvent.settled(event)]);
      note(event.input);
      note(event.output);
      generations = event.attempts;
    }),
  ];
  return {
    events,
    get decisions() {
      const all = [...decisions.values()];
      return [...all.filter(({ stage }) => stage === 'input'), ...all.filter(({ stage }) => stage === 'output')];
    },
    get generations() {
      return generations;
    },
    stop: () => stops.forEach((stop) => stop()),
  };
}
