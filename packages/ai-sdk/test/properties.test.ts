import { REFUSAL_BREAK, retry } from '@chaperone/core';
import { streamText, type TextStreamPart, type ToolSet } from 'ai';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { guardModel } from '../src/index.ts';
import type { StreamPart } from '../src/sdk.ts';
import { MARKER, REFUSED, watched } from './support/guards.ts';
import { visible } from './support/outcome.ts';
import { call, stream, textParts } from './support/parts.ts';
import { partsOf, scripted } from './support/scripted.ts';

/** Sentences of invented words, some long, some in other scripts. */
const word = fc.oneof(
  fc.stringMatching(/^[a-y]{1,9}$/).filter((each) => !each.includes('zo')),
  fc.constantFrom('glim', 'glam', 'été', '海辺', '🙂', 'x'.repeat(60)),
);
const sentence = fc
  .tuple(fc.array(word, { minLength: 1, maxLength: 14 }), fc.constantFrom('. ', '! ', '\n', '。', ' '))
  .map(([words, end]) => words.join(' ') + end);
const text = fc.array(sentence, { minLength: 1, maxLength: 8 }).map((sentences) => sentences.join(''));

/** A text in pieces, anywhere, also inside of a character; some of them empty. */
function inPieces(whole: string, cuts: readonly number[]): readonly string[] {
  const places = [0, ...cuts.map((cut) => cut % (whole.length + 1)).toSorted((a, b) => a - b), whole.length];
  return places.slice(1).map((place, index) => whole.slice(places[index], place));
}
const cuts = fc.array(fc.nat(2_000), { maxLength: 30 });

/** What `streamText` gives, without what is another each time. */
async function given(model: Parameters<typeof streamText>[0]['model'], options: object = {}): Promise<string[]> {
  const parts: TextStreamPart<ToolSet>[] = [];
  const errors: unknown[] = [];
  const result = streamText({
    model,
    prompt: 'Hello',
    maxRetries: 0,
    ...options,
    onError: ({ error }) => void errors.push(error),
  });
  for await (const part of result.stream) parts.push(part);
  expect(errors).toEqual([]);
  return parts.map(visible);
}

/** What all parts of a type say. */
function said(parts: readonly string[], type: string): string {
  return parts
    .map((part) => JSON.parse(part) as { readonly type: string; readonly text?: string; readonly delta?: string })
    .map((part) => (part.type === type ? (part.text ?? part.delta ?? '') : ''))
    .join('');
}

const toolCall = (words: string, cut: readonly number[]): StreamPart[] => {
  const input = JSON.stringify({ say: words });
  return [
    { type: 'tool-input-start', id: 'c1', toolName: 'look' },
    ...inPieces(input, cut).map((delta): StreamPart => ({ type: 'tool-input-delta', id: 'c1', delta })),
    { type: 'tool-input-end', id: 'c1' },
    { type: 'tool-call', toolCallId: 'c1', toolName: 'look', input },
  ];
};
const reasoned = (pieces: readonly string[]): StreamPart[] => [
  { type: 'reasoning-start', id: 'r' },
  ...pieces.map((delta): StreamPart => ({ type: 'reasoning-delta', id: 'r', delta })),
  { type: 'reasoning-end', id: 'r' },
];

test('a clean reply comes through streamText as it would unguarded, however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(text, text, cuts, cuts, fc.boolean(), async (thought, words, cutThought, cutSaid, calls) => {
      const parts = stream(
        ...reasoned(inPieces(thought, cutThought)),
        ...textParts(...inPieces(words, cutSaid)),
        ...(calls ? toolCall(words, cutThought) : []),
      );
      const plain = await given(scripted({ parts }));
      expect(await given(guardModel(scripted({ parts }), watched().guard))).toEqual(plain);
      expect(said(plain, 'text-delta')).toBe(words);
    }),
    { numRuns: 60 },
  );
});

test('at the level of the model it is the very parts, in their order', async () => {
  await fc.assert(
    fc.asyncProperty(text, cuts, async (words, cut) => {
      const raw: StreamPart[] = [{ type: 'raw', rawValue: { words } }, { type: 'ping' }];
      const parts = stream(...raw, ...textParts(...inPieces(words, cut)), ...raw, ...toolCall(words, cut));
      const came = await partsOf(await guardModel(scripted({ parts }), watched().guard).doStream(call('Hello')));
      expect(came.length).toBe(parts.length);
      for (const [index, part] of came.entries()) expect(part).toBe(parts[index]);
    }),
    { numRuns: 100 },
  );
});

test.each(['text', 'reasoning', 'a tool call'])(
  'a flagged word in %s never leaves, however it is cut, and the stream ends well-formed',
  async (place) => {
    await fc.assert(
      fc.asyncProperty(text, text, cuts, fc.boolean(), async (before, after, cut, hasRaw) => {
        const whole = `${before}${MARKER} ${after}`;
        const pieces = inPieces(whole, cut);
        const at = {
          text: textParts(...pieces),
          reasoning: [...reasoned(pieces), ...textParts(after)],
          'a tool call': [...textParts(before), ...toolCall(whole, cut)],
        }[place];
        const raw: StreamPart[] = hasRaw ? [{ type: 'raw', rawValue: { whole } }] : [];
        const { guard, settled } = watched();
        const came = await given(guardModel(scripted({ parts: stream(...raw, ...(at ?? [])) }), guard), {
          include: { rawChunks: true },
        });
        const seen = came.join('\n');
        expect(seen).not.toContain(MARKER);
        // Not a letter of it: what has left stands before it.
        const left = { text: said(came, 'text-delta'), reasoning: said(came, 'reasoning-delta') };
        expect(said(came, 'tool-input-delta')).toBe('');
        const first = left.text.slice(0, -REFUSED.length);
        expect(before.startsWith(first) || before.startsWith(first.slice(0, -REFUSAL_BREAK.length))).toBe(true);
        if (first !== '') expect(first.endsWith(REFUSAL_BREAK)).toBe(true);
        expect(before.startsWith(left.reasoning)).toBe(true);
        expect(seen).toContain(REFUSED);
        expect(seen).toContain('"finishReason":"content-filter"');
        for (const kind of ['text', 'reasoning', 'tool-input'])
          expect(seen.split(`"type":"${kind}-start"`).length).toBe(seen.split(`"type":"${kind}-end"`).length);
        expect(settled.map(({ delivery }) => delivery)).toEqual(['refused']);
      }),
      { numRuns: 60 },
    );
  },
);

test('a retried stream shows nothing of the discarded attempt', async () => {
  await fc.assert(
    fc.asyncProperty(text, text, cuts, async (before, clean, cut) => {
      const first = { parts: stream(...textParts(...inPieces(`${before}${MARKER}`.slice(-90), cut))) };
      const second = { parts: stream(...textParts(...inPieces(clean, cut))) };
      const { guard } = watched({ fallback: retry(), output: { release: 'whole' } });
      const came = await given(guardModel(scripted(first, second), guard));
      const plain = await given(scripted(second));
      expect(came.slice(0, -2)).toEqual(plain.slice(0, -2)); // the last two tell the tokens of both
    }),
    { numRuns: 40 },
  );
});
