import { REFUSAL_BREAK } from '@chaperone/core';
import type { StreamPart } from '../sdk.ts';

/** The parts that open something that has to be closed, and what closes it. */
const ENDS = { text: 'text-end', reasoning: 'reasoning-end', 'tool-input': 'tool-input-end' } as const;

type Kind = keyof typeof ENDS;

/** What has left and is still open: a refusal in the middle of a stream closes it. */
export class OpenBlocks {
  readonly #open = new Map<string, { readonly kind: Kind; readonly id: string }>();
  /** The block that said something last. */
  #speaking: string | undefined;

  left(part: StreamPart): void {
    switch (part.type) {
      case 'text-start':
        this.#add('text', part.id);
        break;
      case 'text-delta':
        if (part.delta !== '') this.#speaking = part.id;
        break;
      case 'reasoning-start':
        this.#add('reasoning', part.id);
        break;
      case 'tool-input-start':
        this.#add('tool-input', part.id);
        break;
      case 'text-end':
        this.#open.delete(`text ${part.id}`);
        break;
      case 'reasoning-end':
        this.#open.delete(`reasoning ${part.id}`);
        break;
      case 'tool-input-end':
        this.#open.delete(`tool-input ${part.id}`);
        break;
      default:
    }
  }

  #add(kind: Kind, id: string): void {
    this.#open.set(`${kind} ${id}`, { kind, id });
  }

  /** @param before whether it is words that follow, in a block of their own, or an error */
  close(before: 'words' | 'error'): StreamPart[] {
    const ends = [...this.#open.values()].flatMap(({ kind, id }): StreamPart[] => {
      const end: StreamPart = { type: ENDS[kind], id };
      // `textStream` and `text` join blocks with nothing between them.
      const isBroken = before === 'words' && kind === 'text' && id === this.#speaking;
      return isBroken ? [{ type: 'text-delta', id, delta: REFUSAL_BREAK }, end] : [end];
    });
    this.#open.clear();
    return ends;
  }
}
