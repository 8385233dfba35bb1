import type { ChunkReader, Refusal } from '@chaperone/core';
import type { Frame } from '@chaperone/openai';
import type { RouteRequest } from '../forms/form.ts';

/** What clients of a route speak. */
export type ProtocolName = 'ui-message-stream' | 'openai' | 'openai-stream' | 'text' | 'json';

/** One way to write an answer. */
export interface Protocol {
  /** What a response in it says about itself. */
  readonly headers: { readonly [name: string]: string };
  /** Starts reading one answer. */
  open(request: RouteRequest, options: ReadingOptions): ChunkReader<Frame>;
  /** The body of a refusal that goes out with an HTTP status of 400 or more. */
  error(refusal: Refusal): { readonly body: string; readonly contentType: string };
}

export interface ReadingOptions {
  /** Text leaves before it was judged, so a refusal takes back what has left, where the protocol can. */
  readonly retracts: boolean;
}
