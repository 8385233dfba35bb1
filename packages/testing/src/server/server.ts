import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { DEFAULT_ANSWER, playScript, resolveAnswer, type Answer, type ChatScript } from './answer.ts';
import { DEFAULT_MODEL, moderationResponse, readInputs, type ModerationScript } from './assessment.ts';
import { CREATED } from './completion.ts';
import { deliver, eventStream, json, type Delivery } from './delivery.ts';
import { dialectOf } from './dialect.ts';
import { endpointOf } from './endpoint.ts';
import { FaultQueue, faultWithoutAnswer, spoil, type Faults } from './fault.ts';
import { imagesResponse } from './images.ts';
import { moderateInline } from './inline-moderation.ts';
import { checkQuota, QuotaMeter, type Quota } from './quota.ts';
import { tooManyRequests, withRateLimit } from './rate-limit.ts';
import { receive } from './receive.ts';
import {
  isGeneration,
  type OpenModerationRecord,
  type OpenRecord,
  type RecordedChatRequest,
  type RecordedCompletionsRequest,
  type RecordedGenerationRequest,
  type RecordedImagesRequest,
  type RecordedModerationRequest,
  type RecordedRequest,
  type RecordedResponsesRequest,
} from './record.ts';
import { scriptRequest } from './script-request.ts';
import {
  chatComplaint,
  completionsComplaint,
  errorBody,
  imagesComplaint,
  moderationComplaint,
  responsesComplaint,
  type ChatRequest,
  type Complaint,
  type ImagesRequest,
} from './wire.ts';

/** How long answers take, in milliseconds. Default: as fast as it goes. */
export interface Timing {
  /** Before a reply that comes at once. */
  readonly reply?: number;
  /** From the head of a stream to its first token. */
  readonly firstToken?: number;
  /** From one token of a stream to the next. */
  readonly perToken?: number;
  /** Before the answer to a moderation request. */
  readonly moderation?: number;
}

export interface ServerOptions {
  /** What the model says. Default: one polite sentence. */
  readonly chat?: ChatScript;
  /** What the moderation model finds, at its endpoint and where a request asks for `moderation`. Default: nothing. */
  readonly moderation?: ModerationScript;
  readonly timing?: Timing;
  /** The only key that is let in, as a bearer or, as on Azure, in the header `api-key`; any other gets 401. Default: everybody is. */
  readonly apiKey?: string;
  /** How much the moderation endpoint takes; see `setQuota`. Default: any amount. */
  readonly quota?: Quota;
}

/** A real HTTP server on 127.0.0.1 that speaks as much of OpenAI's protocol as a guarded chat needs. */
export interface TestServer extends AsyncDisposable {
  /** The base URL for a client, such as `http://127.0.0.1:40123/v1`. */
  readonly url: string;
  /** Every request, in the order of arrival. */
  readonly requests: readonly RecordedRequest[];
  readonly chatRequests: readonly RecordedChatRequest[];
  readonly responsesRequests: readonly RecordedResponsesRequest[];
  readonly completionsRequests: readonly RecordedCompletionsRequest[];
  readonly imagesRequests: readonly RecordedImagesRequest[];
  /** Those that the chat script answers, whatever their endpoint: how often the model was asked. */
  readonly generationRequests: readonly RecordedGenerationRequest[];
  readonly moderationRequests: readonly RecordedModerationRequest[];
  /** Every text that came to the moderation endpoint, in order. */
  readonly moderated: readonly string[];
  /** How many moderation requests were refused because they were over the quota. */
  readonly quotaRefusals: number;
  /**
   * The most tokens that arrived in any window of the quota, those of refused requests and of faults included. It is
   * counted also without a quota, then in windows of 60 seconds. A wrong key or a body that cannot be read counts nothing.
   */
  readonly mostTokensInWindow: number;
  /** The most moderation requests that arrived in any window, counted in the same way. */
  readonly mostRequestsInWindow: number;
  setChat(script: ChatScript): void;
  setModeration(script: ModerationScript): void;
  setTiming(timing: Timing): void;
  /**
   * Has the moderation endpoint refuse what is over a quota with status 429, at once; undefined: no more. Every answer
   * but a fault's own says in `x-ratelimit-*` headers how things stand. The windows begin empty, and `mostTokensInWindow`
   * and `mostRequestsInWindow` at 0 again.
   *
   * The key is looked at first, then faults, then the quota: a request that meets a fault is never refused, but it counts
   * against the quota as any other that was let in. A refused one does not.
   *
   * @throws RangeError for a limit below 0, or a window that is not above 0 or never ends.
   */
  setQuota(quota: Quota | undefined): void;
  /**
   * Has answers go wrong: `chat` whatever a model generates, at every endpoint, images too; `moderation` those of the
   * moderation endpoint. Without `times` it lasts until `clearFaults()`; faults with `times` come before
   * it, in the order in which they were set.
   */
  fault<E extends keyof Faults>(answers: E, fault: Faults[E], options?: { readonly times?: number }): void;
  clearFaults(): void;
  /** As just started: no records, no faults, the first scripts, timing and quota with nothing used, ids from 1 again. */
  reset(): void;
  /** Ends every connection, also the hanging ones. */
  close(): Promise<void>;
}

/**
 * Starts a server on a free port of 127.0.0.1: `POST /v1/chat/completions`, `POST /v1/responses` and `POST /v1/completions` (at once and streamed),
 * `POST /v1/images/generations`, `POST /v1/moderations` and `GET /v1/models`, under any other base path too; everything else is 404. Ids and times in its answers are the same in
 * every run.
 */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  checkQuota(options.quota); // here, so that nothing is left listening
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new LocalServer(server, options);
}

class LocalServer implements TestServer {
  readonly url: string;
  readonly requests: RecordedRequest[] = [];
  readonly #server: Server;
  readonly #options: ServerOptions;
  readonly #faults: { readonly [E in keyof Faults]: FaultQueue<Faults[E]> } = {
    chat: new FaultQueue(),
    moderation: new FaultQueue(),
  };
  #nextAnswer!: (request: ChatRequest) => Promise<Answer>; // set by reset(), as are the following
  #assess!: ModerationScript;
  #timing!: Timing;
  #meter!: QuotaMeter;
  #answered = { chat: 0, images: 0, moderation: 0, all: 0 };
  #closed: Promise<void> | undefined;

  constructor(server: Server, options: ServerOptions) {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
    this.url = `http://127.0.0.1:${address.port}/v1`;
    this.#server = server;
    this.#options = options;
    this.reset();
    server.on('request', (request, response) => {
      this.#serve(request, response).catch(() => response.destroy()); // the head was out already
    });
  }

  get chatRequests(): readonly RecordedChatRequest[] {
    return this.requests.filter((request) => request.endpoint === 'chat');
  }

  get responsesRequests(): readonly RecordedResponsesRequest[] {
    return this.requests.filter((request) => request.endpoint === 'responses');
  }

  get completionsRequests(): readonly RecordedCompletionsRequest[] {
    return this.requests.filter((request) => request.endpoint === 'completions');
  }

  get imagesRequests(): readonly RecordedImagesRequest[] {
    return this.requests.filter((request) => request.endpoint === 'images');
  }

  get generationRequests(): readonly RecordedGenerationRequest[] {
    return this.requests.filter((request) => isGeneration(request));
  }

  get moderationRequests(): readonly RecordedModerationRequest[] {
    return this.requests.filter((request) => request.endpoint === 'moderation');
  }

  get moderated(): readonly string[] {
    return this.moderationRequests.flatMap(({ body }) => readInputs(body).flatMap(({ texts }) => texts));
  }

  get quotaRefusals(): number {
    return this.moderationRequests.filter(({ refused }) => refused).length;
  }

  get mostTokensInWindow(): number {
    return this.#meter.most('tokens');
  }

  get mostRequestsInWindow(): number {
    return this.#meter.most('requests');
  }

  setChat(script: ChatScript): void {
    this.#nextAnswer = playScript(script);
  }

  setModeration(script: ModerationScript): void {
    this.#assess = script;
  }

  setTiming(timing: Timing): void {
    this.#timing = timing;
  }

  setQuota(quota: Quota | undefined): void {
    this.#meter = new QuotaMeter(quota);
  }

  fault<E extends keyof Faults>(answers: E, fault: Faults[E], options: { readonly times?: number } = {}): void {
    this.#faults[answers].add(fault, options.times);
  }

  clearFaults(): void {
    this.#faults.chat.clear();
    this.#faults.moderation.clear();
  }

  reset(): void {
    this.requests.length = 0;
    this.#answered = { chat: 0, images: 0, moderation: 0, all: 0 };
    this.clearFaults();
    this.setChat(this.#options.chat ?? DEFAULT_ANSWER);
    this.setModeration(this.#options.moderation ?? (() => ({})));
    this.setTiming(this.#options.timing ?? {});
    this.setQuota(this.#options.quota);
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    let record: OpenRecord | undefined;
    let cutByServer = false;
    response.on('close', () => {
      gone.abort();
      if (record === undefined) return;
      record.endedAt = performance.now();
      record.aborted = !response.writableFinished && !cutByServer && this.#closed === undefined;
    });
    try {
      record = await receive(request);
      this.requests.push(record);
      response.setHeader('x-request-id', `req_${++this.#answered.all}`);
      const delivery = await this.#answer(record);
      cutByServer = delivery.ending === 'reset';
      await deliver(response, delivery, gone.signal);
    } catch (error) {
      if (gone.signal.aborted) return; // nobody is left to be told
      const message = error instanceof Error ? error.message : String(error);
      await deliver(response, json(500, errorBody(message, 'server_error', 'script_failed')), gone.signal);
    }
  }

  async #answer(record: OpenRecord): Promise<Delivery> {
    if (!this.#letsIn(record)) return UNAUTHORIZED;
    if (isGeneration(record)) return this.#answerGeneration(record);
    if (record.endpoint === 'images') return this.#answerImages(record.body);
    if (record.endpoint === 'moderation') return this.#answerModeration(record);
    return answerOther(record);
  }

  async #answerGeneration(record: RecordedGenerationRequest): Promise<Delivery> {
    const fault = this.#faults.chat.take();
    const early = fault && faultWithoutAnswer(fault);
    if (early) return early;
    const { reply = 0, firstToken = 0, perToken = 0 } = this.#timing;
    const number = ++this.#answered.chat;
    const request = scriptRequest(record);
    const answer = resolveAnswer(await this.#nextAnswer(request), request, number);
    const dialect = dialectOf(record);
    const moderation = await moderateInline(request, answer, dialect.judgesTogether, this.#assess);
    const delivery = request.stream
      ? eventStream(
          dialect
            .events(answer, moderation)
            .map(({ step, ...event }) => ({ ...event, due: firstToken + step * perToken })),
        )
      : json(200, dialect.whole(answer, moderation), reply);
    return fault ? spoil(delivery, fault) : delivery;
  }

  #answerImages(request: ImagesRequest): Delivery {
    const fault = this.#faults.chat.take();
    const early = fault && faultWithoutAnswer(fault);
    if (early) return early;
    const delivery = json(200, imagesResponse(request, ++this.#answered.images), this.#timing.reply);
    return fault ? spoil(delivery, fault) : delivery;
  }

  async #answerModeration(record: OpenModerationRecord): Promise<Delivery> {
    const { body: request, at } = record;
    const inputs = readInputs(request);
    const fault = this.#faults.moderation.take();
    const spoils = fault === 'too-few' || fault === 'too-many' ? undefined : fault;
    const early = spoils && faultWithoutAnswer(spoils);
    const texts = inputs.flatMap((input) => input.texts);
    const refusal = this.#meter.take(texts, at, { exempt: fault !== undefined });
    const standings = this.#meter.standings(at);
    if (early) return early;
    if (refusal) {
      record.refused = true;
      return withRateLimit(tooManyRequests(refusal, request.model ?? DEFAULT_MODEL), standings);
    }
    const wait = this.#timing.moderation ?? 0;
    const number = ++this.#answered.moderation;
    const judged = await Promise.all(
      inputs.map(async (input) => ({ input, assessment: await this.#assess(input.texts.join('\n'), input.images) })),
    );
    const sent =
      fault === 'too-few' ? judged.slice(1) : fault === 'too-many' ? [...judged, ...judged.slice(-1)] : judged;
    const delivery = withRateLimit(json(200, moderationResponse(request, sent, number), wait), standings);
    return spoils ? spoil(delivery, spoils) : delivery;
  }

  #letsIn({ headers }: RecordedRequest): boolean {
    const { apiKey } = this.#options;
    return apiKey === undefined || headers['authorization'] === `Bearer ${apiKey}` || headers['api-key'] === apiKey;
  }
}

const UNAUTHORIZED = json(401, errorBody('Incorrect API key provided.', 'invalid_request_error', 'invalid_api_key'));

const MODELS = {
  object: 'list',
  data: [{ id: 'gpt-test', object: 'model', created: CREATED, owned_by: 'chaperone' }],
};

/** What is wrong with a body that its endpoint cannot read. */
const COMPLAINTS: { readonly [endpoint: string]: (body: unknown) => Complaint | undefined } = {
  chat: chatComplaint,
  responses: responsesComplaint,
  completions: completionsComplaint,
  images: imagesComplaint,
  moderation: moderationComplaint,
};

function answerOther({ method, path, body }: RecordedRequest): Delivery {
  const endpoint = endpointOf(method, path);
  if (endpoint === 'models') return json(200, MODELS);
  const complaint = endpoint && COMPLAINTS[endpoint]?.(body);
  return complaint
    ? json(400, errorBody(complaint.message, 'invalid_request_error', null, complaint.param))
    : json(404, errorBody(`Invalid URL (${method} ${path})`, 'invalid_request_error', null));
}
