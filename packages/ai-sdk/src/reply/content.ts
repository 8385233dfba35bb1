import type { Segment } from '@chaperone/core';
import type { Expected } from '../expected.ts';
import { canonicalJson, textOf } from '../json-text.ts';
import { readFile } from '../media.ts';
import { proseIn } from '../prose.ts';
import { at, textAt } from '../value.ts';

/** Where the segments go, and what the call expects. */
export interface ContentReader {
  readonly expected: Expected;
  readonly take: (segment: Segment) => void;
}

/**
 * Reads one piece of content that comes as a whole: in a reply, or as a part of a stream. Every string counts but those
 * that no reader sees; a type that this version has never heard of is read for any string in it.
 */
export function readContent(part: unknown, path: string, { expected, take }: ContentReader): void {
  const add = (kind: Segment['kind'], field: string, text: string): void => {
    if (text !== '') take({ kind, role: 'assistant', path: `${path}.${field}`, text });
  };
  switch (textAt(part, 'type')) {
    case 'text':
      add(
        'text',
        'text',
        expected.isStructured ? structuredText(textAt(part, 'text') ?? '') : (textAt(part, 'text') ?? ''),
      );
      break;
    case 'reasoning':
      add('reasoning', 'text', textAt(part, 'text') ?? '');
      break;
    case 'tool-call':
      add('tool-input', 'input', inputOf(part));
      add('text', 'toolName', unknownName(part, expected));
      break;
    case 'tool-result':
      add('tool-output', 'result', textOf(at(part, 'result')));
      add('text', 'toolName', unknownName(part, expected));
      break;
    case 'file':
    case 'reasoning-file':
      take({ ...readFile(part), role: 'assistant', path: `${path}.data` });
      break;
    case 'source':
      add('text', 'title', [textAt(part, 'title'), textAt(part, 'filename')].filter(Boolean).join('\n'));
      break;
    case 'tool-approval-request':
      break; // ids
    default:
      add('text', 'prose', proseIn(part));
  }
}

/** What a model wants of a tool, by what it means. */
export function inputOf(part: unknown): string {
  const input = at(part, 'input');
  return typeof input === 'string' ? canonicalJson(input) : textOf(input);
}

/** What is left to judge of a tool's name: nothing of one that the developer gave. */
export function unknownName(part: unknown, { tools }: Expected): string {
  const name = textAt(part, 'toolName') ?? '';
  return tools.has(name) ? '' : name;
}

/** Structured output by what it says: an escape would hide a word from whoever looks for words. */
export function structuredText(text: string): string {
  return text.includes('\\u') ? canonicalJson(text) : text;
}
