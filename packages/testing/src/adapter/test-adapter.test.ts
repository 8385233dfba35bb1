import { type ChatAdapter, type Message, type Refusal, REFUSAL_BREAK, type Segment, type Usage } from '@chaperone/core';
import { expect, test } from 'vitest';
import { testAdapter, type AdapterKit, type TestFunction } from '../index.ts';

/** A protocol as small as one can be: turns go in, a text comes back, at once or in deltas that a last chunk ends. */
interface TinyRequest {
  readonly turns: readonly { readonly by: 'user' | 'assistant' | 'system'; readonly text: string }[];
}
interface TinyReply {
  readonly text: string;
  readonly usage?: Usage;
}
type TinyChunk = { readonly delta: string } | { readonly done: true; readonly usage?: Usage };

const segment = (role: Segment['role'], path: string, text: string): Segment => ({ kind: 'text', role, path, text });
const withUsage = (refusal: Refusal): { usage?: Usage } =>
  typeof refusal.usage === 'object' ? { usage: refusal.usage } : {};
const add = (a: Usage | undefined, b: Usage): Usage => ({
  inputTokens: (a?.inputTokens ?? 0) + b.inputTokens,
  outputTokens: (a?.outputTokens ?? 0) + b.outputTokens,
});

const tiny: ChatAdapter<TinyRequest, TinyReply, TinyChunk> = {
  name: 'tiny',
  readRequest: ({ turns }) => ({
    messages: turns.map(({ by, text }, at): Message => {
      const path = `turns[${at}]`;
      return { role: by, path, segments: [segment(by, `${path}.text`, text)] };
    }),
  }),
  rewriteRequest: ({ turns }, edits) => ({
    turns: turns.map((turn, at) => {
      const edit = edits.find(({ path }) => path === `turns[${at}].text`);
      return edit ? { ...turn, text: edit.placeholder } : turn;
    }),
  }),
  addFeedback: ({ turns }, feedback) => ({ turns: [...turns, { by: 'system', text: feedback }] }),
  readReply: ({ text, usage }) => ({ segments: [segment('assistant', 'text', text)], ...(usage && { usage }) }),
  refuse: (_, refusal) => ({ text: refusal.message, ...withUsage(refusal) }),
  addUsage: (reply, usage) => ({ ...reply, usage: add(reply.usage, usage) }),
  openStream: () => {
    let hasLeft = false;
    return {
      read: (chunk) =>
        'delta' in chunk
          ? { segments: [segment('assistant', 'text', chunk.delta)] }
          : { segments: [], ...(chunk.usage && { usage: chunk.usage }) },
      without: (chunk) => ('delta' in chunk ? undefined : chunk),
      left: (chunk) => void (hasLeft ||= 'delta' in chunk),
      refuse: (refusal, ended) => [
        { delta: hasLeft ? REFUSAL_BREAK + refusal.message : refusal.message },
        ...(ended ? [] : [{ done: true as const, ...withUsage(refusal) }]),
      ],
      addUsage: (chunk, usage) => ('delta' in chunk ? chunk : { ...chunk, usage: add(chunk.usage, usage) }),
    };
  },
};

const kit: AdapterKit<TinyRequest, TinyReply, TinyChunk> = {
  adapter: tiny,
  request: (turns) => ({ turns: turns.map((text, at) => ({ by: at % 2 === 0 ? 'user' : 'assistant', text })) }),
  reply: (text) => ({ text, usage: { inputTokens: 2, outputTokens: 3 } }),
  chunks: (pieces) => [
    ...pieces.map((delta) => ({ delta })),
    { done: true, usage: { inputTokens: 2, outputTokens: 3 } },
  ],
  textOfReply: ({ text }) => text,
  textOfChunks: (chunks) => chunks.map((chunk) => ('delta' in chunk ? chunk.delta : '')).join(''),
  textsOfRequest: ({ turns }) => turns.map(({ text }) => text),
};

testAdapter(kit, { test });

/** Runs the suite by hand on a spoilt adapter and says which cases fail. */
async function failures(spoilt: Partial<typeof tiny>): Promise<string[]> {
  const cases: { title: string; body: () => Promise<void> }[] = [];
  const collect: TestFunction = (title, body) => cases.push({ title, body });
  testAdapter({ ...kit, adapter: { ...tiny, ...spoilt } }, { test: collect });
  const failed: string[] = [];
  for (const { title, body } of cases) await body().catch(() => failed.push(title));
  return failed;
}

test('finds an adapter that overlooks part of a reply', async () => {
  const failed = await failures({
    readReply: ({ text }) => ({ segments: [segment('assistant', 'text', text.slice(0, 6))] }),
  });
  expect(failed).toContain('puts a refusal in the place of a flagged reply (whole reply)');
  expect(failed).toContain('reads a reply and its stream alike');
});

test('finds an adapter that lets a chunk pass beside the refusal', async () => {
  const failed = await failures({
    openStream: (request) => ({ ...tiny.openStream(request), without: (chunk) => chunk }),
  });
  expect(failed).toContain('puts a refusal in the place of a flagged reply (stream)');
  expect(failed.every((title) => title.endsWith('(stream)'))).toBe(true);
});

test("finds an adapter that writes to the caller's request", async () => {
  const failed = await failures({
    addFeedback: (request, feedback) => {
      Object.assign(request, tiny.addFeedback(request, feedback));
      return request;
    },
  });
  expect(failed).toContain('has the model try again with feedback, which does not quote (whole reply)');
});

test('finds an adapter whose refusal goes on in the sentence that has left', async () => {
  const failed = await failures({
    openStream: (request) => {
      const { left: _, ...reader } = tiny.openStream(request);
      return reader;
    },
  });
  expect(failed).toEqual(['sets a refusal apart from what it follows (stream)']);
});

test('goes through a stream alone where the protocol knows no other way', () => {
  const { reply: _, textOfReply: __, ...streaming } = kit;
  const titles: string[] = [];
  testAdapter(streaming, { test: (title) => titles.push(title) });
  expect(titles).toContain('passes a clean reply untouched (stream)');
  expect(titles.filter((title) => /whole reply|stream alike/.test(title))).toEqual([]);
});

test('finds an adapter that replaces nothing', async () => {
  const failed = await failures({ rewriteRequest: (request) => ({ ...request }) });
  expect(failed).toContain('takes an older flagged turn and its answer out of a kept chat');
  expect(failed).toContain('replaces an older flagged turn and its answer, and goes on (stream)');
});

test('says what to do where there is no test function', () => {
  expect(() => testAdapter(kit)).toThrow('testAdapter found no global `test` function');
});
