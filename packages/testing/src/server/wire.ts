/** One message of a chat request, as it was sent. */
export interface ChatRequestMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly [property: string]: unknown;
}

/** Asks for the request and its answer to be moderated, in the answer. */
export interface InlineModerationRequest {
  readonly model: string;
  readonly [property: string]: unknown;
}

/** The body of a `POST /v1/chat/completions`: what the server reads of it, and whatever else was sent. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatRequestMessage[];
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean } | null;
  /** How many choices, 1 to 128. */
  readonly n?: number | null;
  readonly logprobs?: boolean | null;
  readonly moderation?: InlineModerationRequest | null;
  readonly [property: string]: unknown;
}

/** One item of the input of a response, as it was sent: a message, a tool call, the output of one. */
export interface ResponsesInputItem {
  readonly [property: string]: unknown;
}

/** The body of a `POST /v1/responses`. */
export interface ResponsesRequest {
  readonly model: string;
  readonly input: string | readonly ResponsesInputItem[];
  readonly instructions?: string | readonly ResponsesInputItem[] | null;
  readonly stream?: boolean | null;
  /** `message.output_text.logprobs` asks for log probabilities. */
  readonly include?: readonly string[] | null;
  readonly moderation?: InlineModerationRequest | null;
  readonly [property: string]: unknown;
}

/** The body of a `POST /v1/completions`. */
export interface CompletionsRequest {
  readonly model: string;
  /** Each of a list gets its own choices. */
  readonly prompt: string | readonly string[];
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean } | null;
  /** How many choices for each prompt, 1 to 128. */
  readonly n?: number | null;
  /** Any number asks for log probabilities. */
  readonly logprobs?: number | null;
  readonly [property: string]: unknown;
}

/** The body of a `POST /v1/images/generations`. */
export interface ImagesRequest {
  readonly prompt: string;
  /** How many images, 1 to 10. */
  readonly n?: number | null;
  readonly [property: string]: unknown;
}

/** One part of a moderation input that is not a bare text. */
export type ModerationPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string } };

/** The body of a `POST /v1/moderations`. */
export interface ModerationRequest {
  readonly model?: string | null;
  /** Texts are one item each; a list of parts is one item. */
  readonly input: string | readonly string[] | readonly ModerationPart[];
  readonly [property: string]: unknown;
}

/** What is wrong with a body: the parameter and a sentence, as the real service words it. */
export interface Complaint {
  readonly param: string | null;
  readonly message: string;
}

/** What is wrong with the body of a chat request; undefined: nothing. */
export function chatComplaint(body: unknown): Complaint | undefined {
  if (!isRecord(body)) return NOT_AN_OBJECT;
  if (typeof body['model'] !== 'string') return { param: 'model', message: 'you must provide a model parameter' };
  const { messages, n, moderation } = body;
  if (!Array.isArray(messages) || messages.length === 0)
    return { param: 'messages', message: "Invalid type for 'messages': expected an array of objects." };
  const wrong = messages.findIndex((message) => !isRecord(message) || typeof message['role'] !== 'string');
  if (wrong >= 0)
    return { param: `messages[${wrong}]`, message: `Missing required parameter: 'messages[${wrong}].role'.` };
  return countComplaint(n, 128) ?? inlineModerationComplaint(moderation);
}

/** Whether a body is a chat request that the server can answer. */
export function isChatRequest(body: unknown): body is ChatRequest {
  return chatComplaint(body) === undefined;
}

/** What is wrong with the body of a request for a response; undefined: nothing. */
export function responsesComplaint(body: unknown): Complaint | undefined {
  if (!isRecord(body)) return NOT_AN_OBJECT;
  const { model, input, instructions, include, moderation } = body;
  if (typeof model !== 'string') return { param: 'model', message: "Missing required parameter: 'model'." };
  if (!isTextOrItems(input))
    return { param: 'input', message: "Invalid type for 'input': expected a string or an array of objects." };
  if (instructions !== undefined && instructions !== null && !isTextOrItems(instructions))
    return { param: 'instructions', message: "Invalid type for 'instructions': expected a string." };
  if (include !== undefined && include !== null && !isListOfTexts(include))
    return { param: 'include', message: "Invalid type for 'include': expected an array of strings." };
  return inlineModerationComplaint(moderation);
}

/** Whether a body is a request for a response that the server can answer. */
export function isResponsesRequest(body: unknown): body is ResponsesRequest {
  return responsesComplaint(body) === undefined;
}

/** What is wrong with the body of a request for a legacy completion; undefined: nothing. */
export function completionsComplaint(body: unknown): Complaint | undefined {
  if (!isRecord(body)) return NOT_AN_OBJECT;
  const { model, prompt, n } = body;
  if (typeof model !== 'string') return { param: 'model', message: 'you must provide a model parameter' };
  if (typeof prompt !== 'string' && !(isListOfTexts(prompt) && prompt.length > 0))
    return { param: 'prompt', message: "Invalid type for 'prompt': expected a string or a list of strings." };
  return countComplaint(n, 128);
}

/** Whether a body is a request for a legacy completion that the server can answer. */
export function isCompletionsRequest(body: unknown): body is CompletionsRequest {
  return completionsComplaint(body) === undefined;
}

/** What is wrong with the body of a request for images; undefined: nothing. */
export function imagesComplaint(body: unknown): Complaint | undefined {
  if (!isRecord(body)) return NOT_AN_OBJECT;
  const { prompt, n } = body;
  if (typeof prompt !== 'string') return { param: 'prompt', message: "Missing required parameter: 'prompt'." };
  return countComplaint(n, 10);
}

/** Whether a body is a request for images that the server can answer. */
export function isImagesRequest(body: unknown): body is ImagesRequest {
  return imagesComplaint(body) === undefined;
}

/** What is wrong with the body of a moderation request; undefined: nothing. */
export function moderationComplaint(body: unknown): Complaint | undefined {
  if (!isRecord(body)) return NOT_AN_OBJECT;
  const { input } = body;
  if (typeof input === 'string') return undefined;
  if (!Array.isArray(input) || input.length === 0)
    return { param: 'input', message: "Invalid type for 'input': expected a string or a list that is not empty." };
  if (input.every(isModerationPart) || isListOfTexts(input)) return undefined;
  return {
    param: 'input',
    message: "Invalid type for 'input': expected strings alone, or text and image parts alone.",
  };
}

/** Whether a body is a moderation request that the server can answer. */
export function isModerationRequest(body: unknown): body is ModerationRequest {
  return moderationComplaint(body) === undefined;
}

/** A body in the form that OpenAI gives its errors. */
export function errorBody(message: string, type: string, code: string | null, param: string | null = null): object {
  return { error: { message, type, param, code } };
}

const NOT_AN_OBJECT: Complaint = { param: null, message: 'We could not parse the JSON body of your request.' };

function isModerationPart(part: unknown): part is ModerationPart {
  if (!isRecord(part)) return false;
  if (part['type'] === 'text') return typeof part['text'] === 'string';
  return part['type'] === 'image_url' && isRecord(part['image_url']) && typeof part['image_url']['url'] === 'string';
}

function isTextOrItems(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every(isRecord));
}

function inlineModerationComplaint(moderation: unknown): Complaint | undefined {
  if (moderation === undefined || moderation === null) return undefined;
  if (isRecord(moderation) && typeof moderation['model'] === 'string') return undefined;
  return { param: 'moderation.model', message: "Missing required parameter: 'moderation.model'." };
}

function countComplaint(n: unknown, most: number): Complaint | undefined {
  if (n === undefined || n === null || (Number.isInteger(n) && Number(n) >= 1 && Number(n) <= most)) return undefined;
  return { param: 'n', message: `Invalid 'n': expected a whole number from 1 to ${most}.` };
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
