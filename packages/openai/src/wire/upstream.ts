import { isRefusal, markRefusal } from '@chaperone/core';
import { readFrames } from './frames.ts';
import type { Frame } from './frame.ts';
import type { Incoming } from './incoming.ts';
import { at, parseJson, textAt } from './json.ts';
import type { Answer } from './answer.ts';
import type { OpenAIRequest } from './request.ts';

/** Upstream answered, but with nothing to judge: its answer is the caller's as it is. */
class Unjudged extends Error {
  readonly response: Response;
  /** The provider's own content filter refused the request. */
  readonly isProviderBlock: boolean;
  constructor(response: Response, isProviderBlock: boolean) {
    super('The answer is passed on as it is.');
    this.response = response;
    this.isProviderBlock = isProviderBlock;
  }
}

/** Whether a generation failed for the provider's own content filter: OpenAI's and Azure's form of it. */
export function isProviderBlock(error: unknown): boolean {
  return error instanceof Unjudged && error.isProviderBlock;
}

async function isFilterError(response: Response): Promise<boolean> {
  if (response.status !== 400) return false;
  const text = await response
    .clone()
    .text()
    .catch(() => '');
  return textAt(at(parseJson(text), 'error'), 'code') === 'content_filter';
}

/** Asks upstream for the generations of one call, and remembers what the caller may have to be given as it is. */
export class Upstream {
  readonly #fetch: typeof globalThis.fetch;
  readonly #incoming: Incoming;
  #unjudged: Unjudged | undefined;
  #failure: { readonly error: unknown } | undefined;
  #generations = 0;
  #last: Answer | undefined;
  /** The first answer that is a stream: its head is the head of what the caller gets. */
  streamed: Response | undefined;

  constructor(fetch: typeof globalThis.fetch, incoming: Incoming) {
    this.#fetch = fetch;
    this.#incoming = incoming;
  }

  /**
   * A whole reply. The body of the response stays unread, so that what is released is what upstream gave.
   * @param isRead whether a copy of it is read
   */
  async reply(request: OpenAIRequest, signal: AbortSignal, isRead: boolean): Promise<Answer> {
    await this.discard(this.#last);
    const response = await this.#send(request, signal);
    if (!isRead) return (this.#last = { response, body: undefined, request });
    const text = await this.#readCopy(response, signal);
    const answer: Answer = { response, body: parseJson(text), request };
    this.#last = answer;
    return isRefusal(response) ? markRefusal(answer) : answer;
  }

  /** Lets go of the body of an answer that the caller does not get. */
  async discard(answer: Answer | undefined): Promise<void> {
    await answer?.response?.body?.cancel().catch(() => {});
  }

  /** A streamed reply. */
  async stream(request: OpenAIRequest, signal: AbortSignal): Promise<AsyncIterable<Frame>> {
    const response = await this.#send(request, signal);
    if (response.body === null) throw await this.#passOn(response);
    this.streamed ??= response;
    const isDocument = /json/i.test(response.headers.get('content-type') ?? '');
    return readFrames(response.body, isDocument ? 'document' : 'event');
  }

  /** What the caller of a failed call gets: upstream's own answer, or undefined. Throws what is the caller's to catch. */
  outcomeOf(error: unknown): Response | undefined {
    if (error instanceof Unjudged) return error.response;
    if (this.#failure?.error === error) throw error;
    this.#incoming.signal?.throwIfAborted();
    return undefined;
  }

  /** Lets go of an answer that the caller does not get. */
  async release(given: Response): Promise<void> {
    // One that was cancelled already cannot be cancelled again.
    if (this.#unjudged !== undefined && this.#unjudged.response !== given)
      await this.#unjudged.response.body?.cancel().catch(() => {});
  }

  async #send(request: OpenAIRequest, signal: AbortSignal): Promise<Response> {
    this.#generations++;
    let response: Response;
    try {
      response = await this.#fetch(...this.#incoming.outgoing(request, signal));
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
    if (signal.aborted) {
      await response.body?.cancel();
      signal.throwIfAborted();
    }
    if (!response.ok) throw await this.#passOn(response);
    return response;
  }

  async #readCopy(response: Response, signal: AbortSignal): Promise<string> {
    try {
      return await response.clone().text();
    } catch (error) {
      signal.throwIfAborted();
      // The body broke off. Its reader learns that as without a guard, but not what came before: nobody has judged it.
      throw await this.#passOn(brokenOff(response, error));
    }
  }

  async #passOn(response: Response): Promise<Unjudged> {
    const answer = new Unjudged(response, await isFilterError(response));
    if (this.#generations === 1) this.#unjudged = answer;
    else await response.body?.cancel(); // a retry that failed ends in a refusal, which the guard has
    return answer;
  }
}

function brokenOff(response: Response, error: unknown): Response {
  const { status, statusText, headers } = response;
  return new Response(new ReadableStream({ start: (controller) => controller.error(error) }), {
    status,
    statusText,
    headers,
  });
}
