import { cutEvery, cutIntoWords, type AnswerToolCall, type ResolvedChoice } from './answer.ts';
import { tokenLogprobs } from './logprobs.ts';

/** An output item of a response: as a stream adds it, what the stream says of it, and as it is in the end. */
export interface OutputItem {
  readonly added: object;
  readonly events: readonly ItemEvent[];
  readonly done: object;
}

/** What a stream says between the beginning and the end of an item. */
export interface ItemEvent {
  readonly type: string;
  /** All but what each event has: its number and the item's index. */
  readonly fields: object;
  /** Whether it is a token, which takes its time. */
  readonly isToken?: boolean;
}

/** The items of one choice: its reasoning, those of the script, its message, its tool calls. `id` is the choice's own. */
export function outputItems(choice: ResolvedChoice, id: string, withLogprobs: boolean): readonly OutputItem[] {
  const { reasoning, items, content, refusal, toolCalls } = choice;
  return [
    ...(reasoning === undefined ? [] : [reasoningItem(reasoning, `rs_${id}`)]),
    ...items.map(scriptedItem),
    ...(content === null && refusal === null ? [] : [messageItem(choice, `msg_${id}`, withLogprobs)]),
    ...toolCalls.map((call, index) => functionCallItem(call, `fc_${id}_${index}`)),
  ];
}

function reasoningItem(text: string, id: string): OutputItem {
  const item = { id, type: 'reasoning' };
  const at = { item_id: id, summary_index: 0 };
  const part = { type: 'summary_text', text };
  const tokens = cutIntoWords(text).map((delta) => token('response.reasoning_summary_text.delta', { ...at, delta }));
  return {
    added: { ...item, summary: [] },
    events: [
      { type: 'response.reasoning_summary_part.added', fields: { ...at, part: { ...part, text: '' } } },
      ...tokens,
      { type: 'response.reasoning_summary_text.done', fields: { ...at, text } },
      { type: 'response.reasoning_summary_part.done', fields: { ...at, part } },
    ],
    done: { ...item, summary: [part] },
  };
}

function scriptedItem(item: object): OutputItem {
  return { added: 'status' in item ? { ...item, status: 'in_progress' } : item, events: [], done: item };
}

function messageItem(choice: ResolvedChoice, id: string, withLogprobs: boolean): OutputItem {
  const item = { id, type: 'message', role: 'assistant' };
  const parts = [
    ...(choice.content === null ? [] : [textPart(choice.content, choice.pieces, withLogprobs)]),
    ...(choice.refusal === null ? [] : [refusalPart(choice.refusal)]),
  ];
  return {
    added: { ...item, status: 'in_progress', content: [] },
    events: parts.flatMap(({ added, events, done }, index) => {
      const at = { item_id: id, content_index: index };
      return [
        { type: 'response.content_part.added', fields: { ...at, part: added } },
        ...events.map((event) => ({ ...event, fields: { ...at, ...event.fields } })),
        { type: 'response.content_part.done', fields: { ...at, part: done } },
      ];
    }),
    done: { ...item, status: isCut(choice) ? 'incomplete' : 'completed', content: parts.map(({ done }) => done) },
  };
}

function textPart(text: string, pieces: readonly string[], withLogprobs: boolean): OutputItem {
  const logprobs = (tokens: readonly string[]): readonly object[] => (withLogprobs ? tokenLogprobs(tokens) : []);
  const part = { type: 'output_text', annotations: [] };
  return {
    added: { ...part, logprobs: [], text: '' },
    events: [
      ...pieces.map((delta) => token('response.output_text.delta', { delta, logprobs: logprobs([delta]) })),
      { type: 'response.output_text.done', fields: { text, logprobs: logprobs(pieces) } },
    ],
    done: { ...part, logprobs: logprobs(pieces), text },
  };
}

function refusalPart(refusal: string): OutputItem {
  return {
    added: { type: 'refusal', refusal: '' },
    events: [
      ...cutIntoWords(refusal).map((delta) => token('response.refusal.delta', { delta })),
      { type: 'response.refusal.done', fields: { refusal } },
    ],
    done: { type: 'refusal', refusal },
  };
}

function functionCallItem(call: Required<AnswerToolCall>, id: string): OutputItem {
  const item = { id, type: 'function_call', call_id: call.id, name: call.name };
  const tokens = cutEvery(8, call.arguments).map((delta) =>
    token('response.function_call_arguments.delta', { item_id: id, delta }),
  );
  const { arguments: sent } = call;
  return {
    added: { ...item, status: 'in_progress', arguments: '' },
    events: [
      ...tokens,
      { type: 'response.function_call_arguments.done', fields: { item_id: id, name: call.name, arguments: sent } },
    ],
    done: { ...item, status: 'completed', arguments: sent },
  };
}

/** Whether the model was stopped before it had said everything. */
export function isCut({ finishReason }: ResolvedChoice): boolean {
  return finishReason === 'length' || finishReason === 'content_filter';
}

function token(type: string, fields: object): ItemEvent {
  return { type, fields, isToken: true };
}
