import type { ChunkReading, Segment } from '@chaperone/core';
import type { StreamPart } from '../sdk.ts';
import { NOTHING } from './nothing.ts';

type Kind = 'text' | 'reasoning';
type FlowingPart = Extract<StreamPart, { type: `${Kind}-${'start' | 'delta' | 'end'}` }>;

/** What every piece of a block is, but for its text. */
type Block = Omit<Segment, 'text'>;

/** Text and reasoning, block by block. */
export class FlowingBlocks {
  readonly #open: { readonly [K in Kind]: Map<string, Block> } = { text: new Map(), reasoning: new Map() };
  readonly #nextPath: () => string;
  readonly #isStructured: boolean;

  constructor(nextPath: () => string, isStructured: boolean) {
    this.#nextPath = nextPath;
    this.#isStructured = isStructured;
  }

  read(part: FlowingPart): ChunkReading {
    switch (part.type) {
      case 'text-delta':
        return this.#add('text', part.id, part.delta);
      case 'reasoning-delta':
        return this.#add('reasoning', part.id, part.delta);
      case 'text-start':
        this.#begin('text', part.id);
        return NOTHING;
      case 'reasoning-start':
        this.#begin('reasoning', part.id);
        return NOTHING;
      case 'text-end':
        return this.#end('text', part);
      case 'reasoning-end':
        return this.#end('reasoning', part);
    }
  }

  #add(kind: Kind, id: string, text: string): ChunkReading {
    if (text === '') return NOTHING;
    const block = this.#open[kind].get(id) ?? this.#begin(kind, id);
    const { path } = block;
    // Written out, for it is done with every token.
    return block.isWhole
      ? { segments: [{ kind, role: 'assistant', path, text, isWhole: true }] }
      : { segments: [{ kind, role: 'assistant', path, text }] };
  }

  #begin(kind: Kind, id: string): Block {
    const isWhole = kind === 'text' && this.#isStructured;
    const block: Block = {
      kind,
      role: 'assistant',
      path: `${this.#nextPath()}.text`,
      ...(isWhole && { isWhole }),
    };
    this.#open[kind].set(id, block);
    return block;
  }

  #end(kind: Kind, part: FlowingPart): ChunkReading {
    const block = this.#open[kind].get(part.id);
    this.#open[kind].delete(part.id); // ids are used again
    return { segments: [], ...(block && { ended: [block.path] }) };
  }
}
