import type { ChatAdapter } from '@chaperone/core';
import { chatAdapter } from './chat/adapter.ts';
import { completionsAdapter } from './completions/adapter.ts';
import { imagesAdapter } from './images/adapter.ts';
import { responsesAdapter } from './responses/adapter.ts';
import type { Answer } from './wire/answer.ts';
import type { Frame } from './wire/frame.ts';
import { type OpenAIRequest, wantsStream } from './wire/request.ts';

/** What the guard knows of one endpoint of the wire. */
export interface Endpoint {
  readonly adapter: ChatAdapter<OpenAIRequest, Answer, Frame>;
  /** Whether a call is answered by a stream. */
  readonly isStream: (request: OpenAIRequest) => boolean;
  /** Whether its answers are read; if not, they are nobody's but the caller's. */
  readonly isRead: boolean;
  /** Whether a call may be a form instead of JSON. */
  readonly takesForms: boolean;
  /** Whether the provider can moderate in the same call. */
  readonly canModerate: boolean;
  /** What is sent instead of a request. */
  readonly prepare?: (request: OpenAIRequest) => OpenAIRequest;
  /** The parameter that an error about the input names. */
  readonly param: string | null;
}

/** Everything that is guarded, by the end of its path. */
const GUARDED: readonly { readonly method: string; readonly path: RegExp; readonly endpoint: Endpoint }[] = [
  guarded('POST', /\/chat\/completions$/, chatAdapter, 'messages'),
  guarded('POST', /\/completions$/, completionsAdapter, 'prompt'),
  guarded('POST', /\/responses$/, responsesAdapter, 'input'),
  guarded('GET', /\/chat\/completions\/[^/]+$/, stored(chatAdapter)),
  guarded('GET', /\/responses\/[^/]+$/, stored(responsesAdapter)),
  guarded('POST', /\/chat\/completions\/[^/]+$/, stored(chatAdapter)),
  guarded('POST', /\/responses\/[^/]+\/cancel$/, stored(responsesAdapter)),
  {
    method: 'POST',
    path: /\/images\/(generations|edits)$/,
    endpoint: {
      adapter: imagesAdapter,
      isStream: () => false,
      isRead: false,
      takesForms: true,
      canModerate: false,
      param: 'prompt',
    },
  },
];

function guarded(
  method: string,
  path: RegExp,
  adapter: Endpoint['adapter'],
  param: string | null = null,
): (typeof GUARDED)[number] {
  const isStream = method === 'GET' ? asksForStream : wantsStream;
  const canModerate = adapter === chatAdapter || adapter === responsesAdapter;
  return { method, path, endpoint: { adapter, isStream, isRead: true, takesForms: false, canModerate, param } };
}

/** An answer that was made earlier, and is read again: there is nothing to judge but what it says. */
function stored(adapter: Endpoint['adapter']): Endpoint['adapter'] {
  return {
    ...adapter,
    name: `${adapter.name}-stored`,
    readRequest: () => ({ messages: [] }),
    rewriteRequest: () => undefined,
    addFeedback: () => undefined,
  };
}

function asksForStream({ url }: OpenAIRequest): boolean {
  return URL.parse(url, 'http://localhost')?.searchParams.get('stream') === 'true';
}

/** Calls that have no answer of a model: nobody could say anything in them. */
const WITHOUT_ANSWERS: readonly { readonly method: RegExp; readonly path: RegExp }[] = [
  { method: /^DELETE$/, path: /./ },
  { method: /^GET$/, path: /\/(models|files|uploads|vector_stores|fine_tuning\/\w+)(\/[^/:]+)?$/ },
  { method: /^POST$/, path: /\/(moderations|embeddings|files|uploads|vector_stores|fine_tuning\/jobs)$/ },
];

/** What passes by a client that is guarded, for whoever asks what is not covered. */
export const PASSES_BY: readonly string[] = [
  'audio: /audio/speech, /audio/transcriptions, /audio/translations',
  'files that hold what models answered: /files/{id}/content, and what is searched in /vector_stores',
  'images and videos as they are made: what /images answers, /images/variations, /videos',
  'lists of what the provider stored: GET /chat/completions, its /messages, /responses/{id}/input_items, /conversations',
  '/responses/compact, /batches, /assistants, /threads, /evals and every path that this version does not know',
  'the Realtime API, the Responses API over a WebSocket, and whatever else is no fetch',
];

/** What the guard can see of and nobody can read. */
export const UNSEEN: readonly string[] = [
  'chats that the provider keeps (previous_response_id, conversation, prompt templates, references, compacted items) are unsupported',
];

/** The endpoint that guards a call; `passes`: there is nothing to guard; `unknown`: nobody guards it. */
export function endpointOf(url: string, method: string): Endpoint | 'passes' | 'unknown' {
  const path = pathOf(url);
  const verb = method.toUpperCase();
  const found = GUARDED.find((each) => each.method === verb && each.path.test(path));
  if (found) return found.endpoint;
  return WITHOUT_ANSWERS.some((each) => each.method.test(verb) && each.path.test(path)) ? 'passes' : 'unknown';
}

/** As a lenient server reads it: decoded, no case, no doubled slash, none at the end, nothing behind a semicolon. */
function pathOf(url: string): string {
  const path = URL.parse(url, 'http://localhost')?.pathname ?? '';
  return decoded(path)
    .toLowerCase()
    .replaceAll(/;[^/]*/g, '')
    .replaceAll(/\/{2,}/g, '/')
    .replace(/[/.]+$/, '');
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
