/** What is needed of a request: Express 4 and 5, Connect, Next.js's Pages Router and Node itself have it. */
export interface NodeRequest extends AsyncIterable<unknown> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Where a router has cut its own part off `url`. */
  readonly originalUrl?: string;
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
  /** What a parser made of the body. */
  body?: unknown;
  readonly complete?: boolean;
}

/** What is needed of a response. */
export interface NodeResponse {
  statusCode: number;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  readonly destroyed: boolean;
  setHeader(name: string, value: string | readonly string[]): unknown;
  flushHeaders(): void;
  /** Where something packs what is written, as `compression()` of Express and Next.js do: sends what it holds back. */
  flush?(): void;
  write(chunk: Uint8Array): boolean;
  end(): unknown;
  destroy(): unknown;
  on(event: 'close' | 'drain', listener: () => void): unknown;
}

/** Hands on to what comes next, or to whatever deals with errors. */
export type NextFunction = (error?: unknown) => void;
