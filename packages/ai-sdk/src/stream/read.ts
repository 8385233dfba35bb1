import type { ChunkReading, Segment } from '@chaperone/core';
import { expectedOf, type Expected } from '../expected.ts';
import { readContent } from '../reply/content.ts';
import { isFiltered } from '../reply/read.ts';
import { readUsage } from '../reply/usage.ts';
import type { CallOptions, FinishPart, StreamPart } from '../sdk.ts';
import { Asides } from './asides.ts';
import { FlowingBlocks } from './flowing.ts';
import { NOTHING } from './nothing.ts';
import { ToolInputs } from './tool-inputs.ts';

/** Reads the parts of one stream, in order. Content is counted as in a reply that comes at once: each block is one. */
export function partReader(call: CallOptions): (part: StreamPart) => ChunkReading {
  const read = contentReader(expectedOf(call));
  const asides = new Asides(call);
  return (part) => asides.with(part, read(part));
}

function contentReader(expected: Expected): (part: StreamPart) => ChunkReading {
  let count = 0;
  const nextPath = (): string => `content[${count++}]`;
  const flowing = new FlowingBlocks(nextPath, expected.isStructured);
  const tools = new ToolInputs(nextPath, expected);

  return (part) => {
    switch (part.type) {
      case 'text-start':
      case 'text-delta':
      case 'text-end':
      case 'reasoning-start':
      case 'reasoning-delta':
      case 'reasoning-end':
        return flowing.read(part);
      case 'tool-input-start':
      case 'tool-input-delta':
      case 'tool-input-end':
      case 'tool-call':
        return tools.read(part);
      case 'stream-start':
      case 'response-metadata':
      case 'tool-approval-request':
      case 'ping':
      case 'error':
        return NOTHING;
      case 'raw':
        return { segments: [], isLast: true }; // the provider's own event: what it says, other parts will say
      case 'finish':
        return readFinish(part);
      default:
        return readWhole(part, nextPath(), expected);
    }
  };
}

/** Content that is there with one part: nothing of it waits for what follows. */
function readWhole(part: StreamPart, path: string, expected: Expected): ChunkReading {
  const segments: Segment[] = [];
  readContent(part, path, { expected, take: (segment) => segments.push(segment) });
  return { segments, ended: segments.map((segment) => segment.path) };
}

function readFinish({ usage: reported, finishReason }: FinishPart): ChunkReading {
  const usage = readUsage(reported);
  return {
    segments: [],
    ...(usage && { usage }),
    ...(isFiltered(finishReason) && { providerBlocks: ['content'] }),
  };
}
