import type { Refusal, ReplyReading } from '@chaperone/core';
import { type ContentReader, readContent, readProse } from '../wire/content.ts';
import { at, countAt, isList, isRecord, type JsonObject } from '../wire/json.ts';
import { isNotice } from '../wire/notice.ts';
import { under } from '../wire/paths.ts';

/** What a choice says about itself: an ending, a place, probabilities of what is read anyway, the provider's filter. */
const ABOUT_THE_CHOICE: ReadonlySet<string> = new Set([
  'index',
  'finish_reason',
  'native_finish_reason',
  'stop_reason',
  'matched_stop',
  'content_filter_results',
  'content_filter_offsets',
]);

/** Reads one choice, of a completion or of a chunk: what stands in `delta` continues `message`. */
export function readChoice(choice: unknown, path: string, reader: ContentReader): void {
  if (!isRecord(choice)) return readContent(choice, path, 'text', reader);
  let position = -1;
  for (const key in choice) {
    position += 1;
    const said = choice[key];
    if (said === null || typeof said === 'number' || key === 'logprobs') continue; // the same words once more
    const place = under(path, key === 'delta' ? 'message' : key, position);
    if (ABOUT_THE_CHOICE.has(key)) readProse(said, place, reader);
    else readContent(said, place, 'text', reader);
  }
}

/** What an answer says about itself; all else beside its choices could be read by somebody. */
const ABOUT_THE_ANSWER: ReadonlySet<string> = new Set([
  'id',
  'object',
  'type',
  'created',
  'model',
  'provider',
  'service_tier',
  'system_fingerprint',
  'obfuscation',
  'usage',
  'moderation',
  'prompt_filter_results',
]);

/**
 * Reads what an answer or an event says beside its choices.
 * @param known what the events before it said in the same places
 */
export function readBesides(answer: JsonObject, reader: ContentReader, known: JsonObject = {}): void {
  let position = -1;
  for (const key in answer) {
    position += 1;
    const said = answer[key];
    if (said === null || typeof said === 'number' || said === known[key]) continue;
    if ((key === 'choices' && isList(said)) || isNotice(key, said)) continue;
    if (key === 'error' && isRecord(said)) continue; // upstream's own
    if (ABOUT_THE_ANSWER.has(key)) readProse(said, under('', key, position), reader);
    else readContent(said, under('', key, position), 'text', reader);
  }
}

/** The provider's own filter took this choice away. */
export function isProviderBlock(choice: unknown): boolean {
  return at(choice, 'finish_reason') === 'content_filter';
}

export function choicePath(index: number): string {
  return FIRST_CHOICES[index] ?? `choices[${index}]`;
}

const FIRST_CHOICES: readonly string[] = [0, 1, 2, 3].map((index) => `choices[${index}]`);

/** The choice that an element of `choices` belongs to: what it says itself, or where it stands. */
export function choiceIndex(choice: unknown, position: number): number {
  return countAt(choice, 'index') ?? position;
}

/** Which choices a refusal replaces: `'all'` where it names none, or something outside of them. */
export function refusedChoices({ paths }: Refusal): ReadonlySet<number> | 'all' {
  const refused = new Set<number>();
  for (const path of paths) {
    const index = /^choices\[(\d+)\]/.exec(path)?.[1];
    if (index === undefined) return 'all';
    refused.add(Number(index));
  }
  return refused.size > 0 ? refused : 'all';
}

/** Leaves out what is empty, as readings do. */
export function reading(
  parts: Required<Pick<ReplyReading, 'segments' | 'providerBlocks'>>,
  usage: ReplyReading['usage'],
): ReplyReading {
  if (usage === undefined && parts.providerBlocks.length === 0) return { segments: parts.segments };
  return {
    segments: parts.segments,
    ...(usage === undefined ? {} : { usage }),
    ...(parts.providerBlocks.length === 0 ? {} : { providerBlocks: parts.providerBlocks }),
  };
}
