import type { ChatAdapter, Edit, Message, Refusal, Role, Segment, SegmentKind, Usage } from '../../src/index.ts';

/** A small protocol of arrays: messages of several parts, replies of several choices, each with text and arguments. */
export interface Part {
  readonly kind?: SegmentKind;
  readonly text?: string;
  readonly image?: URL;
}
export interface Turn {
  readonly role: Role;
  readonly parts: readonly Part[];
}
export interface ChatRequest {
  readonly turns: readonly Turn[];
  /** It may not be rewritten. */
  readonly isSealed?: boolean;
  readonly actsAtOnce?: boolean;
}
export interface Choice {
  readonly text: string;
  readonly args?: string;
  readonly isRefused?: boolean;
}
export interface ChatReply {
  readonly choices: readonly Choice[];
  readonly usage?: Usage;
  readonly providerBlocks?: readonly string[];
}
export interface Piece {
  readonly choice: number;
  readonly field: 'text' | 'args';
  readonly text: string;
  readonly isRefused?: boolean;
}
export interface Chunk {
  readonly pieces: readonly Piece[];
  readonly usage?: Usage;
  readonly providerBlocks?: readonly string[];
  readonly isEnd?: boolean;
}

export type Adapter = ChatAdapter<ChatRequest, ChatReply, Chunk>;

const KIND = { text: 'text', args: 'tool-input' } as const;

function readTurns(turns: readonly Turn[]): readonly Message[] {
  return turns.map(({ role, parts }, turn) => ({
    role,
    path: `turns[${turn}]`,
    segments: parts.map((part, index): Segment => {
      const kind = part.kind ?? (role === 'tool' ? 'tool-output' : 'text');
      return { ...part, kind, role, path: `turns[${turn}].parts[${index}]` };
    }),
  }));
}

function withEdits(request: ChatRequest, edits: readonly Edit[]): ChatRequest {
  const byPath = new Map(edits.map((edit) => [edit.path, edit.placeholder]));
  return {
    ...request,
    turns: request.turns.map((turn, index) => ({
      ...turn,
      parts: turn.parts.map((part, at) => {
        const placeholder = byPath.get(`turns[${index}].parts[${at}]`);
        return placeholder === undefined ? part : { kind: 'text', text: placeholder };
      }),
    })),
  };
}

function isRefusedChoice(refusal: Refusal, choice: number): boolean {
  return refusal.paths.length === 0 || refusal.paths.some((path) => path.startsWith(`choices[${choice}].`));
}

function plus(a: Usage | undefined, b: Usage): Usage {
  return {
    inputTokens: (a?.inputTokens ?? 0) + b.inputTokens,
    outputTokens: (a?.outputTokens ?? 0) + b.outputTokens,
  };
}

export const protocol: Adapter = {
  name: 'arrays',
  readRequest: ({ turns, actsAtOnce = false }) => ({ messages: readTurns(turns), actsAtOnce }),
  rewriteRequest: (request, edits) => (request.isSealed ? undefined : withEdits(request, edits)),
  addFeedback: (request, feedback) =>
    request.isSealed
      ? undefined
      : { ...request, turns: [...request.turns, { role: 'system', parts: [{ text: feedback }] }] },
  readReply: ({ choices, usage, providerBlocks }) => ({
    segments: choices.flatMap(({ text, args }, index): Segment[] => [
      { kind: 'text', role: 'assistant', path: `choices[${index}].text`, text },
      ...(args === undefined
        ? []
        : [{ kind: 'tool-input', role: 'assistant', path: `choices[${index}].args`, text: args } as const]),
    ]),
    ...(usage && { usage }),
    ...(providerBlocks && { providerBlocks }),
  }),
  refuse: (_request, refusal, reply) => ({
    ...(reply?.usage && { usage: reply.usage }),
    choices: (reply?.choices ?? [{ text: '' }]).map((choice, index) =>
      isRefusedChoice(refusal, index) ? { text: refusal.message, isRefused: true } : choice,
    ),
  }),
  addUsage: (reply, usage) => ({ ...reply, usage: plus(reply.usage, usage) }),
  openStream() {
    const seen = new Set<number>();
    return {
      read: ({ pieces, usage, providerBlocks }) => ({
        segments: pieces.map(({ choice, field, text }): Segment => {
          seen.add(choice);
          return { kind: KIND[field], role: 'assistant', path: `choices[${choice}].${field}`, text };
        }),
        ...(usage && { usage }),
        ...(providerBlocks && { providerBlocks }),
      }),
      without(chunk, refusal) {
        const pieces = chunk.pieces.filter(({ choice }) => !isRefusedChoice(refusal, choice));
        if (pieces.length === chunk.pieces.length) return chunk;
        return pieces.length > 0 || chunk.isEnd || chunk.usage ? { ...chunk, pieces } : undefined;
      },
      refuse(refusal, ended) {
        const choices = [...(seen.size > 0 ? seen : [0])].filter((choice) => isRefusedChoice(refusal, choice));
        const chunks: Chunk[] = choices.map((choice) => ({
          pieces: [{ choice, field: 'text', text: refusal.message, isRefused: true }],
        }));
        return ended ? chunks : [...chunks, { pieces: [], isEnd: true }];
      },
      isEverything: (paths) =>
        [...seen].every((choice) => paths.some((path) => path.startsWith(`choices[${choice}].`))),
      addUsage: (chunk, usage) => (chunk.usage ? { ...chunk, usage: plus(chunk.usage, usage) } : chunk),
    };
  },
};

/** A request of one user turn, or of turns told as `user: …`, `assistant: …`, alternately. */
export function chat(...texts: readonly string[]): ChatRequest {
  return {
    turns: texts.map((text, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', parts: [{ text }] })),
  };
}

/** A reply with one choice for each text. */
export function reply(...texts: readonly string[]): ChatReply {
  return { choices: texts.map((text) => ({ text })) };
}

/** All text that a request carries. */
export function textOf(request: ChatRequest): string {
  return request.turns.flatMap(({ parts }) => parts.map(({ text = '' }) => text)).join('\n');
}

/** The reply as chunks, a few characters each; its choices take turns. */
export function chunksOf({ choices, usage, providerBlocks }: ChatReply, size = 4): readonly Chunk[] {
  const lanes = choices.flatMap(({ text, args = '' }, choice): Piece[][] => [
    cut(text, size).map((piece) => ({ choice, field: 'text', text: piece })),
    cut(args, size).map((piece) => ({ choice, field: 'args', text: piece })),
  ]);
  const chunks: Chunk[] = [];
  for (let at = 0; at < Math.max(0, ...lanes.map(({ length }) => length)); at++)
    for (const lane of lanes) {
      const piece = lane[at];
      if (piece) chunks.push({ pieces: [piece] });
    }
  chunks.push({ pieces: [], isEnd: true, ...(usage && { usage }), ...(providerBlocks && { providerBlocks }) });
  return chunks;
}

function cut(text: string, size: number): string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
    text.slice(index * size, (index + 1) * size),
  );
}

/** The reply that chunks amount to. */
export function joined(chunks: readonly Chunk[]): ChatReply {
  const choices: { text: string; args?: string; isRefused?: boolean }[] = [];
  let usage: Usage | undefined;
  for (const chunk of chunks) {
    usage = chunk.usage ?? usage;
    for (const { choice, field, text, isRefused } of chunk.pieces) {
      while (choices.length <= choice) choices.push({ text: '' });
      const to = choices[choice] ?? { text: '' };
      to[field] = `${to[field] ?? ''}${text}`;
      if (isRefused) to.isRefused = true;
    }
  }
  return { choices: choices.length > 0 ? choices : [{ text: '' }], ...(usage && { usage }) };
}
