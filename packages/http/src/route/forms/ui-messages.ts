import type { Edit, Message, Role, Segment, SegmentKind } from '@chaperone/core';
import { at, isList, isRecord, type JsonObject, textAt, textOf } from '../../value.ts';
import { pathOf, replaceAt, type Steps, stringsIn } from '../strings.ts';
import { withBesides } from './besides.ts';
import type { BodyForm } from './form.ts';
import { readFile } from './media.ts';

/** A segment, and the way to what is put in the place of it. */
interface Placed {
  readonly segment: Segment;
  readonly steps: Steps;
  /** What cannot be a text is replaced by this. */
  readonly instead?: (placeholder: string) => unknown;
}

interface PlacedMessage {
  readonly role: Role;
  readonly path: string;
  readonly placed: readonly Placed[];
}

/** What `useChat` of the AI SDK sends: `{ messages: [{ role, parts }] }`, or the last one as `{ message: { role, parts } }`. */
export const uiMessages: BodyForm = {
  protocol: () => 'ui-message-stream',
  read: ({ body = {} }) => withBesides(readUIMessages(body), body, ['messages', 'message']),
  rewrite: ({ body = {} }, edits) => rewriteUIMessages(body, edits),
  addFeedback(request, feedback) {
    const { body = {} } = request;
    const [key, messages] = messagesOf(body);
    const last = messages.findLastIndex((message) => textAt(message, 'role') === 'user');
    const parts = at(messages[last], 'parts');
    const steps = key === 'messages' ? [key, last, 'parts'] : [key, 'parts'];
    const replaced = isList(parts) ? replaceAt(body, steps, [...parts, { type: 'text', text: feedback }]) : undefined;
    return isRecord(replaced) ? replaced : undefined;
  },
};

/** The messages of a body. */
export function readUIMessages(body: JsonObject): readonly Message[] {
  return placedIn(body).map(({ role, path, placed }) => ({
    role,
    path,
    segments: placed.map(({ segment }) => segment),
  }));
}

/** The body with each named segment replaced. */
export function rewriteUIMessages(body: JsonObject, edits: readonly Edit[]): JsonObject | undefined {
  const places = new Map(
    placedIn(body)
      .flatMap(({ placed }) => placed)
      .map((each) => [each.segment.path, each]),
  );
  let rewritten: unknown = body;
  for (const { path, placeholder } of edits) {
    const place = places.get(path);
    if (!place) return undefined; // it stands beside the messages
    rewritten = replaceAt(rewritten, place.steps, place.instead?.(placeholder) ?? placeholder);
  }
  return isRecord(rewritten) ? rewritten : undefined;
}

function messagesOf(body: JsonObject): readonly ['messages' | 'message', readonly unknown[]] {
  return isList(body['messages']) ? ['messages', body['messages']] : ['message', [body['message']]];
}

function placedIn(body: JsonObject): readonly PlacedMessage[] {
  const [key, messages] = messagesOf(body);
  return messages.flatMap((message, index) => readMessage(message, key === 'messages' ? [key, index] : [key]));
}

/** One message; that of an assistant who used tools is several, for what a tool gave is no word of the assistant's. */
function readMessage(message: unknown, steps: Steps): readonly PlacedMessage[] {
  // A browser may send whatever it likes as `system`: that is not the developer's own.
  const author: Role = textAt(message, 'role') === 'assistant' ? 'assistant' : 'user';
  const messages: { role: Role; path: string; placed: Placed[] }[] = [
    { role: author, path: pathOf(steps), placed: [] },
  ];
  const take = (each: Placed): void => {
    const { role } = each.segment;
    let last = messages.at(-1);
    if (last?.role !== role) messages.push((last = { role, path: pathOf(steps), placed: [] }));
    last.placed.push(each);
  };
  if (!isRecord(message)) takeStrings(message, steps, author, take);
  else
    for (const key of Object.keys(message)) {
      const value = message[key];
      if (key === 'parts' && isList(value))
        value.forEach((part, index) => readPart(part, [...steps, key, index], author, take));
      else takeStrings(value, [...steps, key], author, take);
    }
  return messages;
}

function readPart(part: unknown, steps: Steps, role: Role, take: (placed: Placed) => void): void {
  const type = textAt(part, 'type') ?? '';
  if (!isRecord(part)) return takeStrings(part, steps, role, take);
  if (type === 'data-chaperone') return; // a guard's own
  const isTool = type === 'dynamic-tool' || type.startsWith('tool-');
  const isFile = type === 'file' || type === 'reasoning-file';
  if (isFile) {
    const file = readFile(part);
    const instead = (text: string): unknown => ({ type: 'text', text });
    take({ segment: { ...file, role, path: pathOf(steps) }, steps, instead });
  }
  for (const key of Object.keys(part)) {
    const value = part[key];
    const here = [...steps, key];
    const path = pathOf(here);
    if (isFile && (key === 'url' || key === 'mediaType')) continue;
    if (isTool && key === 'input' && value !== undefined)
      take({ segment: { kind: 'tool-input', role, path, text: textOf(value) }, steps: here, instead: () => ({}) });
    else if (isTool && (key === 'output' || key === 'errorText') && value !== undefined)
      take({ segment: { kind: 'tool-output', role: 'tool', path, text: textOf(value) }, steps: here });
    else takeStrings(value, here, role, take, type === 'reasoning' && key === 'text' ? 'reasoning' : 'text');
  }
}

function takeStrings(
  value: unknown,
  from: Steps,
  role: Role,
  take: (placed: Placed) => void,
  kind: SegmentKind = 'text',
): void {
  stringsIn(value, from, (text, steps) => take({ segment: { kind, role, path: pathOf(steps), text }, steps }));
}
