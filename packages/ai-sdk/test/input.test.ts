import { generateText, streamText, type ModelMessage } from 'ai';
import { describe, expect, test } from 'vitest';
import { languageModelAdapter } from '../src/adapter.ts';
import { guardModel } from '../src/index.ts';
import type { CallOptions, PromptMessage } from '../src/sdk.ts';
import { MARKER, watched } from './support/guards.ts';
import { call } from './support/parts.ts';
import { asked, scripted } from './support/scripted.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const forAddress = (text: string): string => text.replaceAll('+', '-').replaceAll('/', '_');
const escape = (text: string): string =>
  [...new TextEncoder().encode(text)].map((code) => `%${code.toString(16)}`).join('');
const odd = `A ${MARKER} ??>>~~~`;
const words = `Some ${MARKER} here`;
const user = (...content: Extract<PromptMessage, { role: 'user' }>['content']): PromptMessage => ({
  role: 'user',
  content,
});
const assistant = (...content: Extract<PromptMessage, { role: 'assistant' }>['content']): PromptMessage => ({
  role: 'assistant',
  content,
});
const tool = (
  output: Extract<Extract<PromptMessage, { role: 'tool' }>['content'][number], { type: 'tool-result' }>['output'],
): PromptMessage => ({
  role: 'tool',
  content: [{ type: 'tool-result', toolCallId: 'c1', toolName: 'look', output }],
});
const file = (data: unknown, mediaType = 'text/plain', filename?: string): never =>
  ({ type: 'file', data, mediaType, ...(filename && { filename }) }) as never;

/** Every place of a prompt that somebody else than the developer may have written. */
const PLACES: readonly (readonly [string, PromptMessage])[] = [
  ['a user’s text', user({ type: 'text', text: words })],
  ['a text file', user(file({ type: 'text', text: words }))],
  ['a text file in base64', user(file({ type: 'data', data: base64(words) }))],
  ['a text file in bytes', user(file({ type: 'data', data: new TextEncoder().encode(words) }, 'application/json'))],
  ['a text file of the interface before, in base64', user(file(base64(words)))],
  ['a text file of the interface before, in bytes', user(file(new TextEncoder().encode(words)))],
  ['a text file in base64 for addresses', user(file({ type: 'data', data: forAddress(base64(odd)) }))],
  ['a text file whose type is in capitals', user(file({ type: 'data', data: base64(words) }, 'Text/Plain'))],
  ['a text file in UTF-16', user(file({ type: 'data', data: Buffer.from(`\uFEFF${words}`, 'utf16le') }))],
  ['a file of YAML', user(file({ type: 'data', data: base64(words) }, 'application/yaml'))],
  ['a text file that is no base64', user(file(`${words}!`))],
  ['a text file that could be base64', user(file(words.replaceAll(' ', '')))],
  ['a text file in base64 with spaces', user(file({ type: 'data', data: base64(words).replaceAll(/(?=..$)/g, ' ') }))],
  ['a text in a data: address', user(file({ type: 'url', url: new URL(`data:text/plain,${escape(words)}`) }))],
  ['base64 in a data: address', user(file({ type: 'url', url: new URL(`data:text/plain;base64,${base64(words)}`) }))],
  ['a data: address that is a string', user(file(`data:text/plain;charset=utf-8,${escape(words)}`))],
  ['base64 for addresses in a data: address', user(file(`data:text/plain;base64,${forAddress(base64(odd))}`))],
  ['base64 with percent signs in a data: address', user(file(`data:;base64,${escape(base64(words))}`))],
  ['a text in a data: address that says so alone', user(file(`data:text/plain,${escape(words)}`, 'file/unknown'))],
  ['the name of a file', user(file({ type: 'url', url: new URL('https://local/a') }, 'image/png', words))],
  ['options that a client sends', user({ type: 'text', text: 'Hi', providerOptions: { local: { content: words } } })],
  ['options of a message', { ...user({ type: 'text', text: 'Hi' }), providerOptions: { local: { content: words } } }],
  ['a part of a later version', user({ type: 'page', lines: [{ words }] } as never)],
  ['a tool’s text', tool({ type: 'text', value: words })],
  ['a tool’s error', tool({ type: 'error-text', value: words })],
  ['a tool’s data', tool({ type: 'json', value: { lines: [{ said: words }] } })],
  ['a key of a tool’s data', tool({ type: 'json', value: { [words]: 1 } })],
  [
    'a tool’s content',
    tool({
      type: 'content',
      value: [
        { type: 'text', text: 'Hi' },
        { type: 'text', text: words },
      ],
    }),
  ],
  ['a tool’s file', tool({ type: 'content', value: [file({ type: 'data', data: base64(words) })] })],
  [
    'a tool’s file of the interface before',
    tool({ type: 'content', value: [{ type: 'file-data', data: base64(words), mediaType: 'text/csv' } as never] }),
  ],
  ['a reason why a tool did not run', tool({ type: 'execution-denied', reason: words })],
  ['a result of a later version', tool({ type: 'table', rows: [words] } as never)],
  [
    'the name of a tool that nobody gave',
    {
      role: 'tool',
      content: [{ type: 'tool-result', toolCallId: 'c', toolName: words, output: { type: 'text', value: 'x' } }],
    },
  ],
  [
    'a user’s answer to a question for approval',
    { role: 'tool', content: [{ type: 'tool-approval-response', approvalId: 'a', approved: false, reason: words }] },
  ],
];

/** The same in turns that a client says the assistant had. */
const FORGED: readonly (readonly [string, PromptMessage])[] = [
  ['text', assistant({ type: 'text', text: words, providerOptions: { openai: { itemId: 'msg_1' } } })],
  [
    'reasoning',
    assistant(
      { type: 'reasoning', text: words, providerOptions: { anthropic: { signature: 'c2ln' } } },
      { type: 'text', text: 'Hi' },
    ),
  ],
  ['a tool call', assistant({ type: 'tool-call', toolCallId: 'c', toolName: 'look', input: { at: words } })],
  ['a tool’s name', assistant({ type: 'tool-call', toolCallId: 'c', toolName: words, input: {} })],
  [
    'a provider’s tool result',
    assistant({ type: 'tool-result', toolCallId: 'c', toolName: 'look', output: { type: 'json', value: [words] } }),
  ],
  ['a file', assistant(file({ type: 'text', text: words }))],
  [
    'a part of the provider’s own',
    assistant({ type: 'custom', kind: 'local.note', providerOptions: { local: { note: words } } }),
  ],
];

const tools: CallOptions['tools'] = [{ type: 'function', name: 'look', inputSchema: { type: 'object' } }];

describe('What somebody else than the developer wrote', () => {
  test.each(PLACES)('new: %s blocks the call', async (_, message) => {
    const { guard, flagged } = watched();
    const model = scripted('Fine.');
    const { finishReason } = await guardModel(model, guard).doGenerate({ prompt: [message], tools });
    expect(finishReason.unified).toBe('content-filter');
    expect(flagged).toHaveLength(1);
    expect(asked(model)).toEqual([]);
  });

  test.each([...PLACES, ...FORGED])('older: %s is replaced, and the call goes on', async (_, message) => {
    const { guard, flagged } = watched();
    const model = scripted('Fine.');
    const rest = [assistant({ type: 'text', text: 'Sure.' }), user({ type: 'text', text: 'Go on.' })];
    const prompt = [user({ type: 'text', text: 'Hello.' }), message, ...rest];
    const before = structuredClone(prompt.map(({ role }) => role));
    const { content } = await guardModel(model, guard).doGenerate({ prompt, tools });
    expect(content).toEqual([{ type: 'text', text: 'Fine.' }]);
    const [sent = ''] = asked(model);
    expect(sent).not.toContain(MARKER);
    expect(sent).not.toContain(base64(words));
    expect(sent).not.toContain(Object.values(new TextEncoder().encode(words)).join(',').slice(0, 20));
    expect(sent).toContain('Hello.');
    expect(sent).toContain('Go on.');
    expect(sent).not.toMatch(/itemId|signature/);
    expect(JSON.parse(sent)).toMatchObject(before.map((role) => ({ role })));
    expect(flagged).toEqual([]);
    // What took its place is nothing that anybody would block.
    const again = languageModelAdapter({ prompt: [], tools }).readRequest(model.doGenerateCalls[0] ?? call(''));
    expect(JSON.stringify(again)).not.toContain(MARKER);
  });

  test('the developer’s own words are not judged', async () => {
    const { guard, moderator } = watched();
    const { text } = await generateText({
      model: guardModel(scripted('Fine.'), guard),
      instructions: `Never say ${MARKER}.`,
      prompt: 'Hello',
      tools: {},
    });
    expect(text).toBe('Fine.');
    expect(moderator.texts).toEqual(['Hello', 'Fine.']);
  });

  test('what holds no words costs nothing: ids, signatures and settings of known options', async () => {
    const { guard, moderator } = watched();
    const messages: ModelMessage[] = [
      {
        role: 'user',
        content: [
          {
            type: 'text',
            text: 'Hello',
            providerOptions: { anthropic: { cacheControl: { type: 'ephemeral', ttl: '1h' } } },
          },
        ],
      },
      {
        role: 'assistant',
        content: [
          {
            type: 'reasoning',
            text: 'Hm.',
            providerOptions: {
              anthropic: { signature: 'c2lnbmVk' },
              openai: { itemId: 'rs_1', reasoningEncryptedContent: 'ZW5j' },
            },
          },
          { type: 'text', text: 'Hi.' },
        ],
      },
      { role: 'user', content: 'Go on.' },
    ];
    await generateText({ model: guardModel(scripted('Fine.'), guard), messages });
    expect(moderator.texts.toSorted()).toEqual(['Fine.', 'Go on.', 'Hello', 'Hi.', 'Hm.']);
  });

  test('images are images, by address, bytes and base64', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const image = (data: unknown, mediaType = 'image/png') => user(file(data, mediaType));
    const { messages } = languageModelAdapter(call('')).readRequest({
      prompt: [
        image({ type: 'url', url: new URL('https://local/a.png') }),
        image({ type: 'data', data: bytes }, 'image/*'),
        image({ type: 'data', data: base64('\u0001\u0002\u0003') }, 'image'),
        image(bytes),
        image('https://local/b.png'),
        image({ type: 'reference', reference: { local: 'f1' } }),
        user(file({ type: 'data', data: bytes }, 'application/pdf')),
      ],
    });
    expect(messages.flatMap(({ segments }) => segments.map(({ kind, image: seen }) => [kind, seen]))).toEqual([
      ['image', new URL('https://local/a.png')],
      ['image', bytes],
      ['image', bytes],
      ['image', bytes],
      ['image', new URL('https://local/b.png')],
      ['image', undefined],
      ['file', undefined],
    ]);
  });

  test('an image in base64 for addresses is the same image', () => {
    const bytes = Uint8Array.from([251, 255, 254, 63]);
    const coded = forAddress(Buffer.from(bytes).toString('base64'));
    expect(coded).toMatch(/[-_]/);
    const { messages } = languageModelAdapter(call('')).readRequest({
      prompt: [
        user(file({ type: 'data', data: coded }, 'image/png'), file(`data:image/png;base64,${coded}`, 'image/png')),
      ],
    });
    expect(messages[0]?.segments.map(({ image }) => image)).toEqual([
      bytes,
      new URL(`data:image/png;base64,${Buffer.from(bytes).toString('base64')}`),
    ]);
  });

  test.each([
    [{ tools: [{ type: 'provider', id: 'local.search', name: 'search', args: {} }] }, true],
    [{ providerOptions: { openai: { store: true } } }, true],
    [{ providerOptions: { openai: { previousResponseId: 'r1' } } }, true],
    [{ providerOptions: { openai: { store: false } }, tools }, false],
  ] as const)('says where the provider acts by itself (%j)', (more, acts) => {
    const { actsAtOnce } = languageModelAdapter(call('')).readRequest(call('Hi', more as Partial<CallOptions>));
    expect(actsAtOnce).toBe(acts);
  });

  test.each([
    ['openai.responses', undefined, true],
    ['openai.responses', false, false],
    ['openai.chat', undefined, false],
  ])('%s with store %j acts by itself: %j', (provider, store, acts) => {
    const request = call('Hi', store === undefined ? {} : { providerOptions: { openai: { store } } });
    expect(languageModelAdapter(request, provider).readRequest(request).actsAtOnce).toBe(acts);
  });

  test("with timing 'during' such a provider is asked after the verdict, and another one beside it", async () => {
    for (const [provider, expected] of [
      ['openai.responses', 0],
      ['openai.chat', 1],
    ] as const) {
      const model = Object.assign(scripted('Fine.'), { provider });
      const { guard } = watched({ input: { timing: 'during' } });
      await guardModel(model, guard).doGenerate(call(`A ${MARKER}?`));
      expect(asked(model)).toHaveLength(expected);
    }
  });

  test('an answer that was changed is no longer what its provider keeps under an id, or has signed', async () => {
    const { guard } = watched();
    const model = scripted('Fine.');
    const item = { providerOptions: { openai: { itemId: 'msg_1' } } };
    const prompt = [
      user({ type: 'text', text: 'Hello.' }),
      assistant(
        { type: 'reasoning', text: 'A clear thought.', providerOptions: { anthropic: { signature: 'c2ln' } } },
        { type: 'text', text: words, ...item },
        { type: 'text', text: 'A clear word.', ...item },
        { type: 'tool-call', toolCallId: 'c', toolName: 'look', input: { at: 'sea' }, ...item },
      ),
      tool({ type: 'text', value: 'seen' }),
      user({ type: 'text', text: 'Go on.' }),
    ];
    await guardModel(model, guard).doGenerate({ prompt, tools });
    const [sent = ''] = asked(model);
    expect(sent).toContain('A clear word.');
    expect(sent).not.toMatch(/itemId|signature|A clear thought|zorp/);
  });

  const sealed = { providerOptions: { openai: { itemId: 'rs_1', reasoningEncryptedContent: 'U0VBTEVE' } } };
  const thought = assistant({ type: 'reasoning', text: '', ...sealed });
  const compacted = assistant({
    type: 'custom',
    kind: 'openai.compaction',
    providerOptions: { openai: { itemId: 'cmp_1', encryptedContent: 'U0VBTEVE' } },
  });
  const said = (text: string): PromptMessage => assistant({ type: 'text', text, ...sealed });
  const asks = (text: string): PromptMessage => user({ type: 'text', text });
  const looks = assistant({ type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: { at: 'sea' }, ...sealed });

  test.each<readonly [string, readonly PromptMessage[]]>([
    ['of a question that was taken out', [asks(words), thought, said('Sure.')]],
    ['of a question that got nothing else', [asks(words), thought]],
    ['of two questions, the first of which was taken out', [asks(words), asks('Well?'), compacted, said('Sure.')]],
    ['compacted', [asks(words), compacted, said('Sure.')]],
    ['beside words that were taken out', [asks('Hello.'), thought, said(words)]],
    ['behind words that were taken out', [asks('Hello.'), said(words), thought]],
    ['behind the result of a tool', [asks('Hello.'), looks, tool({ type: 'text', value: words }), thought]],
  ])('no sealed thought of an answer that was changed reaches the model: %s', async (_, turn) => {
    const model = scripted('Fine.');
    const kept = [asks('And before?'), thought, said('A clear word.')];
    const prompt = [...kept, ...turn, asks('Go on.')];
    await guardModel(model, watched().guard).doGenerate({ prompt, tools });
    const sent: unknown = model.doGenerateCalls[0]?.prompt;
    expect(JSON.stringify(sent)).toContain('Go on.');
    expect(Array.isArray(sent) && sent.slice(0, kept.length)).toEqual(kept); // other answers stay
    expect(JSON.stringify(Array.isArray(sent) && sent.slice(kept.length))).not.toMatch(/U0VBTEVE|itemId|zorp/);
    expect(sent).toHaveLength(prompt.length);
  });

  test('a tool result that is replaced in the turn under way leaves the thoughts of the agent to it', async () => {
    const model = scripted('Fine.');
    const { guard } = watched({ input: { toolOutput: 'replace' } });
    const prompt = [asks('Hello.'), thought, looks, tool({ type: 'text', value: words }), thought, looks];
    await guardModel(model, guard).doGenerate({ prompt: [...prompt, tool({ type: 'text', value: 'seen' })], tools });
    const [sent = ''] = asked(model);
    expect(sent).not.toContain(MARKER);
    expect(sent.match(/U0VBTEVE/g)).toHaveLength(4);
  });

  test('a refusal that comes back with the history is a text like any other, and its mark stays here', async () => {
    const { guard, moderator } = watched();
    const model = scripted('Fine.');
    const mark = { providerOptions: { chaperone: { decision: 'dec_1', stage: 'output', action: 'block' } } };
    const prompt = [
      user({ type: 'text', text: 'Hello.' }),
      { ...assistant({ type: 'text', text: 'That cannot be answered.', ...mark }), ...mark },
      user({ type: 'text', text: 'Go on.' }),
    ];
    await guardModel(model, guard).doGenerate({ prompt });
    expect(asked(model)[0]).toContain('That cannot be answered.');
    expect(asked(model)[0]).not.toMatch(/chaperone|dec_1/);
    expect(moderator.texts.toSorted()).toEqual(['Fine.', 'Go on.', 'Hello.', 'That cannot be answered.']);
  });

  test('the caller’s own messages stay as they were', async () => {
    const messages: ModelMessage[] = [
      { role: 'user', content: words },
      { role: 'assistant', content: 'Sure.' },
      { role: 'user', content: 'Go on.' },
    ];
    const before = structuredClone(messages);
    const model = scripted('Fine.');
    await streamText({ model: guardModel(model, watched().guard), messages }).text;
    expect(asked(model)[0]).not.toContain('Sure.'); // the answer that it got goes with it
    expect(messages).toEqual(before);
  });
});
