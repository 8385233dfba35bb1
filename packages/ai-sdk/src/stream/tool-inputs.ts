import type { ChunkReading, Segment } from '@chaperone/core';
import type { Expected } from '../expected.ts';
import { canonicalJson } from '../json-text.ts';
import { inputOf, readContent, unknownName } from '../reply/content.ts';
import type { StreamPart } from '../sdk.ts';

type ToolPart = Extract<StreamPart, { type: 'tool-input-start' | 'tool-input-delta' | 'tool-input-end' | 'tool-call' }>;

interface ToolInput {
  readonly path: string;
  /** What came of it so far: the call repeats it. */
  text: string;
  readonly isProviders: boolean;
}

/**
 * What a model wants of tools. A call of a tool that runs at the caller's leaves when all of the reply was judged, and so
 * does its input: the SDK runs it then and not before, and beside a refusal it would stand in the chat without a result,
 * which no later turn gets past. A provider's own tool has run already, and its call leaves with the text around it.
 */
export class ToolInputs {
  readonly #open = new Map<string, ToolInput>();
  readonly #nextPath: () => string;
  readonly #expected: Expected;

  constructor(nextPath: () => string, expected: Expected) {
    this.#nextPath = nextPath;
    this.#expected = expected;
  }

  read(part: ToolPart): ChunkReading {
    return part.type === 'tool-call' ? this.#call(part) : this.#input(part);
  }

  #input(part: Exclude<ToolPart, { type: 'tool-call' }>): ChunkReading {
    const isProviders = part.type === 'tool-input-start' && part.providerExecuted === true;
    const input = this.#open.get(part.id) ?? this.#begin(part.id, isProviders);
    const isLast = !input.isProviders;
    switch (part.type) {
      case 'tool-input-start': {
        const path = input.path.replace(/input$/, 'toolName');
        const text = unknownName(part, this.#expected);
        const segments: Segment[] = text === '' ? [] : [{ kind: 'text', role: 'assistant', path, text }];
        return { segments, ended: [path], isLast };
      }
      case 'tool-input-delta':
        input.text += part.delta;
        return {
          segments: [{ kind: 'tool-input', role: 'assistant', path: input.path, text: part.delta }],
          isLast,
        };
      case 'tool-input-end':
        return { segments: [], ended: [input.path], isLast };
    }
  }

  #begin(id: string, isProviders: boolean): ToolInput {
    const input = { path: `${this.#nextPath()}.input`, text: '', isProviders };
    this.#open.set(id, input);
    return input;
  }

  #call(part: Extract<ToolPart, { type: 'tool-call' }>): ChunkReading {
    const input = this.#open.get(part.toolCallId);
    this.#open.delete(part.toolCallId);
    const isLast = part.providerExecuted !== true;
    const ended = input ? [input.path] : [];
    if (input && canonicalJson(input.text) === inputOf(part)) return { segments: [], ended, isLast };
    const segments: Segment[] = [];
    readContent(part, this.#nextPath(), { expected: this.#expected, take: (segment) => segments.push(segment) });
    return { segments, ended: [...ended, ...segments.map(({ path }) => path)], isLast };
  }
}
