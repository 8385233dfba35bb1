import type { ChatRequest, CompletionsRequest, ImagesRequest, ModerationRequest, ResponsesRequest } from './wire.ts';

interface Recorded<Endpoint extends string, Body> {
  /** `other`: another path, or a body that its endpoint cannot read. */
  readonly endpoint: Endpoint;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** By lower-case name. */
  readonly headers: { readonly [name: string]: string };
  /**
   * Decompressed, and parsed where it is JSON; else the text. Where it names no model and the path an Azure deployment,
   * that is its `model`.
   */
  readonly body: Body;
  /** When it had arrived, by `performance.now()`. */
  readonly at: number;
  /** When its answer was complete or the connection closed, by `performance.now()`; absent while it is open. */
  readonly endedAt?: number;
  /** Whether the client closed the connection before the answer was complete. */
  readonly aborted: boolean;
}

/** A request that the server got. It is one object from arrival to end: what becomes of it changes in place. */
export type RecordedRequest =
  | RecordedGenerationRequest
  | RecordedImagesRequest
  | RecordedModerationRequest
  | Recorded<'other', unknown>;

/** A request that the model answers with what the script says. */
export type RecordedGenerationRequest = RecordedChatRequest | RecordedResponsesRequest | RecordedCompletionsRequest;

/** A request for a chat completion. */
export type RecordedChatRequest = Recorded<'chat', ChatRequest>;

/** A request for a response. */
export type RecordedResponsesRequest = Recorded<'responses', ResponsesRequest>;

/** A request for a legacy completion. */
export type RecordedCompletionsRequest = Recorded<'completions', CompletionsRequest>;

/** A request for images. */
export type RecordedImagesRequest = Recorded<'images', ImagesRequest>;

/** A request for moderation. */
export interface RecordedModerationRequest extends Recorded<'moderation', ModerationRequest> {
  /** Whether it was refused because it was over the quota. */
  readonly refused: boolean;
}

/** The same while the server writes it. */
export type OpenRecord = (Exclude<RecordedRequest, RecordedModerationRequest> | OpenModerationRecord) & {
  endedAt?: number;
  aborted: boolean;
};

export type OpenModerationRecord = RecordedModerationRequest & { refused: boolean };

/** Whether a request is one that the chat script answers. */
export function isGeneration<R extends RecordedRequest>(record: R): record is Extract<R, RecordedGenerationRequest> {
  return ['chat', 'responses', 'completions'].includes(record.endpoint);
}
