import { words, type Said } from './said.ts';
import type { Wire } from './wire-server.ts';

const head = {
  id: 'resp_1',
  object: 'response',
  created_at: 1_700_000_000,
  model: 'gpt-test',
  incomplete_details: null,
};
const usage = { input_tokens: 7, output_tokens: 9, total_tokens: 16 };

/** What OpenAI's Responses API sends. */
export const responsesWire: Wire = {
  isStream: (_path, { stream }) => stream === true,
  reply: (said) => ({ ...head, status: 'completed', output: itemsOf(said), usage }),
  events: (said) => [
    { type: 'response.created', response: { ...head, status: 'in_progress', output: [] } },
    ...itemsOf(said).flatMap((item, output_index) => [
      { type: 'response.output_item.added', output_index, item: emptied(item) },
      ...deltasOf(item).map((delta) => ({ item_id: item.id, output_index, ...delta })),
      { type: 'response.output_item.done', output_index, item },
    ]),
    { type: 'response.completed', response: { ...head, status: 'completed', output: itemsOf(said), usage } },
  ],
};

type Item =
  | {
      readonly type: 'reasoning';
      readonly id: string;
      readonly summary: readonly [{ readonly type: 'summary_text'; readonly text: string }];
    }
  | {
      readonly type: 'message';
      readonly id: string;
      readonly role: 'assistant';
      readonly content: readonly [
        { readonly type: 'output_text'; readonly text: string; readonly annotations: readonly [] },
      ];
    }
  | {
      readonly type: 'function_call';
      readonly id: string;
      readonly call_id: string;
      readonly name: string;
      readonly arguments: string;
      readonly status: 'completed';
    };

function itemsOf({ reasoning, text, tool }: Said): readonly Item[] {
  return [
    ...(reasoning === undefined
      ? []
      : [{ type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: reasoning }] } as const]),
    ...(text === undefined
      ? []
      : [
          {
            type: 'message',
            id: 'msg_1',
            role: 'assistant',
            content: [{ type: 'output_text', text, annotations: [] }],
          } as const,
        ]),
    ...(tool
      ? [
          {
            type: 'function_call',
            id: 'fc_1',
            call_id: 'call_1',
            name: tool.name,
            arguments: JSON.stringify(tool.input),
            status: 'completed',
          } as const,
        ]
      : []),
  ];
}

function emptied(item: Item): object {
  if (item.type === 'reasoning') return { ...item, summary: [] };
  return item.type === 'message' ? { ...item, content: [] } : { ...item, arguments: '' };
}

function deltasOf(item: Item): readonly object[] {
  switch (item.type) {
    case 'reasoning':
      return [
        { type: 'response.reasoning_summary_part.added', summary_index: 0 },
        ...words(item.summary[0].text).map((delta) => ({
          type: 'response.reasoning_summary_text.delta',
          summary_index: 0,
          delta,
        })),
        { type: 'response.reasoning_summary_part.done', summary_index: 0 },
      ];
    case 'message':
      return words(item.content[0].text).map((delta) => ({ type: 'response.output_text.delta', delta }));
    case 'function_call':
      return [
        ...words(item.arguments).map((delta) => ({ type: 'response.function_call_arguments.delta', delta })),
        { type: 'response.function_call_arguments.done', arguments: item.arguments },
      ];
  }
}
