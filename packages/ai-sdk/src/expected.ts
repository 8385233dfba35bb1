import type { CallOptions } from './sdk.ts';

/** What a call lets its reply be. */
export interface Expected {
  /** The names that the developer gave to tools. A name that a model or a client makes up is text like any other. */
  readonly tools: ReadonlySet<string>;
  /** The reply is to be data, and not words. */
  readonly isStructured: boolean;
}

export function expectedOf(call: CallOptions): Expected {
  return { tools: toolNames(call), isStructured: wantsStructure(call) };
}

export function toolNames({ tools = [] }: CallOptions): ReadonlySet<string> {
  return new Set(tools.map(({ name }) => name));
}

export function wantsStructure({ responseFormat }: CallOptions): boolean {
  return responseFormat?.type === 'json';
}
