import type { ChatAdapter, Edit, RequestReading, Segment } from '@chaperone/core';
import { answersWithChoices } from '../chat/adapter.ts';
import type { ChoiceForm } from '../chat/form.ts';
import type { Answer } from '../wire/answer.ts';
import type { Frame } from '../wire/frame.ts';
import { isList, textAt } from '../wire/json.ts';
import { editRequest, type OpenAIRequest } from '../wire/request.ts';

const textForm: ChoiceForm = {
  id: 'cmpl-',
  object: { whole: 'text_completion', chunk: 'text_completion' },
  whole: (_request, { message }) => ({ text: message }),
  piece: (_request, { message }) => ({ text: message }),
  hasWords: (_request, choice) => (textAt(choice, 'text') ?? '') !== '',
  nothing: { text: '' },
};

/** The legacy `/completions`: one prompt, or a list of them, and choices that are bare text. */
export const completionsAdapter: ChatAdapter<OpenAIRequest, Answer, Frame> = {
  name: 'openai-completions',
  readRequest,
  rewriteRequest: (request, edits) => editRequest(request, edits, ({ placeholder }: Edit) => placeholder),
  // A prompt is continued, not obeyed: a word to the model would become part of the text.
  addFeedback: () => undefined,
  ...answersWithChoices(textForm),
};

/** What is to be continued. A prompt of tokens is text that nobody here can read. */
function readRequest({ body }: OpenAIRequest): RequestReading {
  const { prompt, suffix } = body;
  if (Object.keys(body).length === 0) throw new TypeError('The body says nothing.');
  const segments: Segment[] = [];
  const take = (value: unknown, path: string): void => {
    segments.push({ kind: 'text', role: 'user', path, ...(typeof value === 'string' && { text: value }) });
  };
  if (isList(prompt) && prompt.every((each) => typeof each === 'string' || isList(each)))
    prompt.forEach((each, index) => take(each, `prompt[${index}]`));
  else if (prompt !== undefined && prompt !== null) take(prompt, 'prompt');
  if (typeof suffix === 'string') take(suffix, 'suffix');
  return { messages: [{ role: 'user', path: 'prompt', segments }] };
}
