import type { Message, RequestReading, Role, Segment, SegmentKind } from '@chaperone/core';
import { textOf } from '../json-text.ts';
import { readFile } from '../media.ts';
import { proseIn } from '../prose.ts';
import { toolNames } from '../expected.ts';
import type { CallOptions, PromptMessage } from '../sdk.ts';
import { at, isList, textAt } from '../value.ts';
import { actsAtOnce } from './acts-at-once.ts';

/**
 * Every message of the prompt, with everything in it that a model could read.
 * @param provider whose model is asked, as the model says
 */
export function readPrompt(call: CallOptions, provider: string): RequestReading {
  const names = toolNames(call);
  return {
    messages: call.prompt.map((message, index) => readMessage(message, `prompt[${index}]`, names)),
    actsAtOnce: actsAtOnce(call, provider),
  };
}

/** What is read of one message. */
interface Collector {
  readonly role: Role;
  readonly names: ReadonlySet<string>;
  readonly take: (segment: Omit<Segment, 'role'> & { readonly role?: Role }) => void;
}

function readMessage(message: PromptMessage, path: string, names: ReadonlySet<string>): Message {
  const { role } = message;
  const segments: Segment[] = [];
  const collector: Collector = { role, names, take: (segment) => segments.push({ role, ...segment }) };
  const content: unknown = message.content;
  if (typeof content === 'string') collector.take({ kind: 'text', path: `${path}.content`, text: content });
  else if (isList(content)) content.forEach((part, index) => readPart(part, `${path}.content[${index}]`, collector));
  else throw new TypeError('A message has no content to read.');
  readOptions(message, path, collector);
  return { role, path, segments };
}

function readPart(part: unknown, path: string, collector: Collector): void {
  const { take, names } = collector;
  switch (textAt(part, 'type')) {
    case 'text':
      take({ kind: 'text', path, text: textAt(part, 'text') ?? '' });
      break;
    case 'reasoning':
      take({ kind: 'reasoning', path, text: textAt(part, 'text') ?? '' });
      break;
    case 'file':
    case 'reasoning-file':
      take({ ...readFile(part), path });
      readFilename(part, path, collector);
      break;
    case 'tool-call':
      take({ kind: 'tool-input', path, text: textOf(at(part, 'input')) });
      readToolName(part, path, names, take);
      break;
    case 'tool-result':
      readOutput(at(part, 'output'), path, collector);
      readToolName(part, path, names, take);
      break;
    case 'tool-approval-response':
      // The user's own words, wherever the SDK puts them.
      take({ kind: 'text', role: 'user', path, text: textAt(part, 'reason') ?? '' });
      break;
    default:
      take({ kind: 'text', path, text: proseIn(part) });
      return; // options included
  }
  readOptions(part, path, collector);
}

function readToolName(part: unknown, path: string, names: ReadonlySet<string>, take: Collector['take']): void {
  const name = textAt(part, 'toolName') ?? '';
  if (!names.has(name)) take({ kind: 'text', path: `${path}.toolName`, text: name });
}

function readFilename(file: unknown, path: string, { take }: Collector): void {
  const filename = textAt(file, 'filename');
  if (filename !== undefined) take({ kind: 'text', path: `${path}.filename`, text: filename });
}

/** What a tool gave: kept apart from what users say, for it is what indirect injection comes in. */
function readOutput(output: unknown, path: string, collector: Collector): void {
  const { take } = collector;
  const kind: SegmentKind = 'tool-output';
  const value = at(output, 'value');
  switch (textAt(output, 'type')) {
    case 'text':
    case 'error-text':
    case 'json':
    case 'error-json':
      take({ kind, path, text: textOf(value) });
      break;
    case 'execution-denied':
      take({ kind, path, text: textAt(output, 'reason') ?? '' });
      break;
    case 'content':
      if (!isList(value)) throw new TypeError('A tool result has no content to read.');
      value.forEach((item, index) => readOutputPart(item, `${path}.output[${index}]`, collector));
      break;
    default:
      take({ kind, path, text: proseIn(output) });
      return;
  }
  readOptions(output, `${path}.output`, collector);
}

function readOutputPart(item: unknown, path: string, collector: Collector): void {
  const { take } = collector;
  const kind: SegmentKind = 'tool-output';
  const type = textAt(item, 'type') ?? '';
  if (type === 'text') take({ kind, path, text: textAt(item, 'text') ?? '' });
  else if (/^(?:file|image|media)/.test(type)) {
    const file = readFile(item);
    take({ ...file, kind: file.kind === 'text' ? kind : file.kind, path });
    readFilename(item, path, collector);
  } else {
    take({ kind, path, text: proseIn(item) });
    return;
  }
  readOptions(item, path, collector);
}

/** A chat's client may send options of vendors with its parts, and some vendors take messages' fields from there. */
function readOptions(owner: unknown, path: string, { take }: Collector): void {
  const options = at(owner, 'providerOptions');
  if (options !== undefined) take({ kind: 'text', path: `${path}.providerOptions`, text: proseIn(options) });
}
