import { isList, isRecord } from '../value.ts';

/** The way from a value to something in it: a key at an object, a place in a list. */
export type Steps = readonly (string | number)[];

/** Chosen from a fixed list, or opaque: neither a person nor a model wrote them. */
const WITHOUT_PROSE: ReadonlySet<string> = new Set([
  'id',
  'chatId',
  'messageId',
  'parentId',
  'sessionId',
  'threadId',
  'conversationId',
  'itemId',
  'responseId',
  'toolCallId',
  'approvalId',
  'sourceId',
  'created',
  'createdAt',
  'updatedAt',
  'model',
  'modelId',
  'object',
  'role',
  'state',
  'status',
  'trigger',
  'type',
  'mediaType',
  'signature', // of reasoning: base64, as all below
  'thoughtSignature',
  'encryptedContent',
  'reasoningEncryptedContent',
]);

/** Every string in a value that somebody could read, with the way to it; what is left out is left out only while it is one word. */
export function stringsIn(
  value: unknown,
  steps: Steps,
  take: (text: string, steps: Steps) => void,
  key: string | number | undefined = steps.at(-1),
): void {
  if (typeof value === 'string') {
    const isOpaque = typeof key === 'string' && WITHOUT_PROSE.has(key) && !/\s/.test(value);
    if (value !== '' && !isOpaque) take(value, steps);
  } else if (isList(value)) value.forEach((element, index) => stringsIn(element, [...steps, index], take, key));
  else if (isRecord(value)) for (const name of Object.keys(value)) stringsIn(value[name], [...steps, name], take);
}

/** All of these strings as one text, on a line each. */
export function proseIn(value: unknown, key?: string): string {
  const lines: string[] = [];
  stringsIn(value, [], (text) => lines.push(text), key);
  return lines.join('\n');
}

/** Where something stands, for decisions and events: a key that may be somebody's words is told as a number. */
export function pathOf(steps: Steps): string {
  return steps.reduce<string>((path, step) => {
    if (typeof step === 'number') return `${path}[${step}]`;
    const name = /^[\w$-]{1,64}$/.test(step) ? step : `{${numberOf(step)}}`;
    return path === '' ? name : `${path}.${name}`;
  }, '');
}

/** FNV-1a: two keys of one object have different numbers, but for a chance in billions. */
function numberOf(key: string): number {
  let number = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) number = Math.imul(number ^ key.charCodeAt(index), 0x01000193) >>> 0;
  return number;
}

/** A copy of a value in which something else stands at the end of a way; where that leads nowhere, the value itself. */
export function replaceAt(value: unknown, [step, ...rest]: Steps, replacement: unknown): unknown {
  if (step === undefined) return replacement;
  if (isList(value) && typeof step === 'number' && step < value.length)
    return value.with(step, replaceAt(value[step], rest, replacement));
  if (isRecord(value) && typeof step === 'string' && Object.hasOwn(value, step))
    return { ...value, [step]: replaceAt(value[step], rest, replacement) };
  return value;
}
