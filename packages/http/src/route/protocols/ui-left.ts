import { at, textAt } from '../../value.ts';

interface UIChunk {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** What of a UI message has left, so that a refusal in the middle of it closes what is open. */
export interface UILeft {
  saw(chunk: unknown): void;
  /** What has to be said before a refusal can be. */
  before(refusal: {
    readonly retracts: boolean;
    readonly messageId: string | undefined;
    readonly message: string;
  }): readonly UIChunk[];
}

export function createUILeft(): UILeft {
  let hasStarted = false;
  let isInStep = false;
  /** By the id of the part: what ends it. */
  const open = new Map<string, 'text-end' | 'reasoning-end'>();
  const tools = new Map<string, string>();
  return {
    saw(chunk) {
      const type = textAt(chunk, 'type') ?? '';
      const id = textAt(chunk, 'id') ?? '';
      const toolCallId = textAt(chunk, 'toolCallId') ?? '';
      if (type === 'start') hasStarted = true;
      else if (type === 'start-step') isInStep = true;
      else if (type === 'finish-step') isInStep = false;
      else if (type === 'text-start') open.set(id, 'text-end');
      else if (type === 'reasoning-start') open.set(id, 'reasoning-end');
      else if (type === 'text-end' || type === 'reasoning-end') open.delete(id);
      else if (type === 'tool-input-start') tools.set(toolCallId, textAt(chunk, 'toolName') ?? '');
      else if (type === 'tool-input-available' || type === 'tool-input-error') tools.delete(toolCallId);
    },
    before({ retracts, messageId, message }) {
      const chunks: UIChunk[] = [];
      if (!hasStarted) chunks.push({ type: 'start', ...(messageId !== undefined && { messageId }) });
      if (retracts && isInStep) chunks.push({ type: 'reset-step' });
      else {
        for (const [id, type] of open) chunks.push({ type, id });
        for (const [toolCallId, toolName] of tools)
          chunks.push({ type: 'tool-input-error', toolCallId, toolName, input: {}, errorText: message });
      }
      if (!isInStep) chunks.push({ type: 'start-step' });
      return chunks;
    },
  };
}

/** The id that a chunk `start` gives the message. */
export function messageIdOf(chunk: unknown): string | undefined {
  return at(chunk, 'type') === 'start' ? textAt(chunk, 'messageId') : undefined;
}
