import { isList, isRecord, type JsonObject, textAt } from '../../value.ts';
import type { BodyForm } from './form.ts';
import { openaiMessages } from './openai-messages.ts';
import { singleText } from './single.ts';
import { uiMessages } from './ui-messages.ts';

const message = singleText('message');
const prompt = singleText('prompt');

/** The form of a body, or undefined where it is none that is known. */
export function formOf(body: JsonObject): BodyForm | undefined {
  const { messages } = body;
  if (isList(messages)) {
    if (messages.length === 0 || !messages.every(isRecord)) return undefined;
    if (messages.some((each) => isList(each['parts']))) return uiMessages;
    return messages.every((each) => 'content' in each || 'tool_calls' in each) ? openaiMessages : undefined;
  }
  if (messages !== undefined) return undefined;
  if (isRecord(body['message']) && isList(body['message']['parts'])) return uiMessages;
  if (textAt(body, 'message') !== undefined) return message;
  return textAt(body, 'prompt') === undefined ? undefined : prompt;
}
