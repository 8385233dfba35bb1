import { words, type Said } from './said.ts';
import type { Wire } from './wire-server.ts';

const usage = { input_tokens: 7, output_tokens: 9 };
const head = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-test', stop_sequence: null };
const stopOf = ({ tool }: Said): string => (tool ? 'tool_use' : 'end_turn');

/** What Anthropic's Messages API sends. */
export const anthropicWire: Wire = {
  isStream: (_path, { stream }) => stream === true,
  reply: (said) => ({ ...head, content: blocksOf(said), stop_reason: stopOf(said), usage }),
  events: (said) => [
    { type: 'message_start', message: { ...head, content: [], stop_reason: null, usage } },
    ...blocksOf(said).flatMap((block, index) => [
      { type: 'content_block_start', index, content_block: emptied(block) },
      ...deltasOf(block).map((delta) => ({ type: 'content_block_delta', index, delta })),
      { type: 'content_block_stop', index },
    ]),
    { type: 'message_delta', delta: { stop_reason: stopOf(said), stop_sequence: null }, usage },
    { type: 'message_stop' },
  ],
};

type Block =
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: object };

function blocksOf({ reasoning, text, tool }: Said): readonly Block[] {
  return [
    ...(reasoning === undefined ? [] : [{ type: 'thinking', thinking: reasoning, signature: 'c2ln' } as const]),
    ...(text === undefined ? [] : [{ type: 'text', text } as const]),
    ...(tool ? [{ type: 'tool_use', id: 'toolu_1', ...tool } as const] : []),
  ];
}

function emptied(block: Block): Block {
  if (block.type === 'thinking') return { ...block, thinking: '', signature: '' };
  return block.type === 'text' ? { ...block, text: '' } : { ...block, input: {} };
}

function deltasOf(block: Block): readonly object[] {
  switch (block.type) {
    case 'thinking':
      return [
        ...words(block.thinking).map((thinking) => ({ type: 'thinking_delta', thinking })),
        { type: 'signature_delta', signature: block.signature },
      ];
    case 'text':
      return words(block.text).map((text) => ({ type: 'text_delta', text }));
    case 'tool_use': // with the spaces that Anthropic writes
      return words(JSON.stringify(block.input).replaceAll(/(?<=[:,])(?=")/g, ' ')).map((partial_json) => ({
        type: 'input_json_delta',
        partial_json,
      }));
  }
}
