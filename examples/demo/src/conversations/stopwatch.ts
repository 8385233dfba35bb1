/** How long the stages of one call took, in milliseconds, without the time of the model. */
export interface Latency {
  readonly input: number;
  /** Absent: nothing was generated. */
  readonly output?: number;
}

/** Measures one call from outside: what is not the model's time is the guard's, and a little the client's. */
export interface Stopwatch {
  /** What the client sends its requests to the model with. */
  readonly fetch: typeof globalThis.fetch;
  stop(): Latency;
}

export function startStopwatch(): Stopwatch {
  const began = performance.now();
  let firstGeneration: number | undefined;
  let generating = 0;
  return {
    async fetch(input, init) {
      const sent = performance.now();
      firstGeneration ??= sent;
      const response = await globalThis.fetch(input, init);
      // Read whole here, so that the time in which it arrives counts as the model's.
      const body = await response.arrayBuffer();
      generating += performance.now() - sent;
      const headers = new Headers(response.headers);
      for (const name of ['content-encoding', 'content-length']) headers.delete(name); // fetch has decoded it
      return new Response(body, { status: response.status, statusText: response.statusText, headers });
    },
    stop() {
      const ended = performance.now();
      if (firstGeneration === undefined) return { input: ended - began };
      return { input: firstGeneration - began, output: ended - firstGeneration - generating };
    },
  };
}
