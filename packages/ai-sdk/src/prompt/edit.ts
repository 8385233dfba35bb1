import type { Edit } from '@chaperone/core';
import type { CallOptions, PromptMessage } from '../sdk.ts';

type Content<R extends PromptMessage['role']> = Extract<PromptMessage, { role: R }>['content'];
type Part = Exclude<Content<'user' | 'assistant' | 'tool'>[number], string>;
type ToolResult = Extract<Part, { type: 'tool-result' }>;

/** What stands for what is taken out, by what is left of its path below a place. */
type Edits = ReadonlyMap<string, string>;

/** A copy of the call in which each segment that an edit names is a placeholder. The call itself stays as it is. */
export function rewritePrompt(call: CallOptions, edits: readonly Edit[]): CallOptions {
  const all: Edits = new Map(edits.map(({ path, placeholder }) => [path, placeholder]));
  const prompt = turnsOf(call.prompt, all).flatMap((turn, index, turns) => {
    const placeholder = changeOf(turn, index === turns.length - 1);
    return turn.map(({ message, edits: own }) => {
      if (message.role === 'assistant' && placeholder !== undefined) return editAnswer(message, own, placeholder);
      return own.size === 0 ? message : editMessage(message, own);
    });
  });
  return { ...call, prompt };
}

interface Edited {
  readonly message: PromptMessage;
  readonly edits: Edits;
}

/** What users say one after another, and the answer that it got, step by step. */
function turnsOf(prompt: readonly PromptMessage[], all: Edits): readonly (readonly Edited[])[] {
  const turns: Edited[][] = [[]];
  let isAnswered = false;
  prompt.forEach((message, index) => {
    if (message.role === 'user' && isAnswered) turns.push([]);
    isAnswered = message.role === 'assistant' || (isAnswered && message.role !== 'user');
    turns.at(-1)?.push({ message, edits: below(all, `prompt[${index}]`) });
  });
  return turns;
}

/**
 * What stands for anything of an answer that is another one now: words of it were taken out, or what it answers. In the
 * turn under way the result of a tool is no such thing: what follows answers the placeholder.
 */
function changeOf(turn: readonly Edited[], isUnderWay: boolean): string | undefined {
  const changed = turn.filter(({ message: { role } }) => role !== 'system' && !(role === 'tool' && isUnderWay));
  const [placeholder] = changed.flatMap(({ edits }) => [...edits.values()]);
  return placeholder;
}

function editMessage(message: PromptMessage, edits: Edits): PromptMessage {
  const [placeholder = ''] = edits.values();
  const rest = edits.has('.providerOptions') ? { providerOptions: {} } : {};
  switch (message.role) {
    case 'system':
      return { ...message, ...rest, content: edits.has('.content') ? placeholder : message.content };
    case 'user':
      return { ...message, ...rest, content: parts(message.content, edits, editPart) };
    case 'tool':
      return { ...message, ...rest, content: parts(message.content, edits, editToolPart) };
    case 'assistant':
      return editAnswer(message, edits, placeholder);
  }
}

type Answer = Extract<PromptMessage, { role: 'assistant' }>;

/** What only its provider can read, or has signed: sealed thoughts, and parts of its own such as a compacted chat. */
const SEALED: ReadonlySet<string> = new Set(['reasoning', 'reasoning-file', 'custom']);

/**
 * A message of an answer that was changed, be it in another message. A provider may keep what it said under an id, sign its
 * reasoning, or seal it: of such an answer none of this is true, and what is sealed may repeat what was taken out.
 */
function editAnswer(message: Answer, edits: Edits, placeholder: string): Answer {
  const content = parts(message.content, edits, editAnswerPart)
    .filter(({ type }) => !SEALED.has(type))
    .map((part) => ({ ...part, providerOptions: {} }));
  return { ...message, providerOptions: {}, content: content.length > 0 ? content : [textPart(placeholder)] };
}

function parts<P>(content: readonly P[], edits: Edits, edit: (part: P, edits: Edits) => P): P[] {
  return content.map((part, index) => {
    const own = below(edits, `.content[${index}]`);
    return own.size === 0 ? part : edit(part, own);
  });
}

const textPart = (text: string): Extract<Part, { type: 'text' }> => ({ type: 'text', text });

/** Anything of a user's part that is flagged takes the whole part with it, but for what merely hangs on it. */
function editPart(part: Content<'user'>[number], edits: Edits): Content<'user'>[number] {
  const placeholder = edits.get('');
  return placeholder === undefined ? withoutAsides(part, edits) : textPart(placeholder);
}

function editAnswerPart(part: Content<'assistant'>[number], edits: Edits): Content<'assistant'>[number] {
  const placeholder = edits.get('');
  if (part.type === 'tool-result') return editToolResult(part, edits);
  if (placeholder === undefined) return withName(withoutAsides(part, edits), edits);
  return part.type === 'tool-call' ? withName({ ...part, input: {} }, edits) : textPart(placeholder);
}

function editToolPart(part: Content<'tool'>[number], edits: Edits): Content<'tool'>[number] {
  if (part.type === 'tool-result') return editToolResult(part, edits);
  const reason = edits.get('');
  return withoutAsides(reason === undefined ? part : { ...part, reason }, edits);
}

function editToolResult(part: ToolResult, edits: Edits): ToolResult {
  const named = withName(withoutAsides(part, edits), edits);
  const placeholder = edits.get('') ?? edits.get('.output.providerOptions');
  if (placeholder !== undefined) return { ...named, output: { type: 'text', value: placeholder } };
  const { output } = named;
  if (output.type !== 'content') return named;
  const value = output.value.map((item, index) => {
    const [own] = below(edits, `.output[${index}]`).values();
    return own === undefined ? item : textPart(own);
  });
  return { ...named, output: { ...output, value } };
}

/** Without options and a file name that were flagged. */
function withoutAsides<P extends object>(part: P, edits: Edits): P {
  const options = edits.has('.providerOptions') ? { providerOptions: {} } : {};
  const filename = edits.has('.filename') ? { filename: 'removed' } : {};
  return { ...part, ...options, ...filename };
}

function withName<P extends object>(part: P, edits: Edits): P {
  return edits.has('.toolName') ? { ...part, toolName: 'removed' } : part;
}

function below(edits: Edits, place: string): Edits {
  const found = new Map<string, string>();
  for (const [path, placeholder] of edits) {
    const rest = path.slice(place.length);
    if (path.startsWith(place) && (rest === '' || /^[.[]/.test(rest))) found.set(rest, placeholder);
  }
  return found;
}
