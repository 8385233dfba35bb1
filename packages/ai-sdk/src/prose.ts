import { isList, isRecord } from './value.ts';

/** Chosen from a fixed list, or opaque: neither a person nor a model wrote them. */
const WITHOUT_PROSE: ReadonlySet<string> = new Set([
  'id',
  'itemId',
  'responseId',
  'toolCallId',
  'approvalId',
  'model',
  'modelId',
  'role',
  'status',
  'type',
  'kind',
  'sourceType',
  'phase',
  'service_tier',
  'serviceTier',
  'stop_reason',
  'stopReason',
  'inference_geo',
  'ttl', // of cached prompts
  'imageDetail',
  'mediaType',
  'url',
  'signature', // of reasoning: base64, as all below
  'thoughtSignature',
  'encryptedContent',
  'reasoningEncryptedContent',
  'redactedData',
]);

/** The same of what a provider says of its reply: they are chosen from lists, or opaque, there and not in a prompt. */
const WITHOUT_PROSE_IN_REPLIES: ReadonlySet<string> = new Set([
  ...WITHOUT_PROSE,
  'decision', // these three are a guard's own notice
  'stage',
  'action',
  'object',
  'provider',
  'version',
  'modelVersion',
  'system_fingerprint',
  'systemFingerprint',
  'finish_reason',
  'native_finish_reason',
  'finishReason',
  'unified',
  'raw',
  'blockReason',
  'category', // of a provider's safety ratings
  'probability',
  'severity',
  'modality',
  'trafficType',
  'traffic_type',
  'serving_tier',
  'uri',
  'retrievedUrl',
  'urlRetrievalStatus',
  'call_id',
  'item_id',
  'file_id',
  'fileId',
  'skillId',
  'tool_use_id',
  'container_id',
  'containerId',
  'requestId',
  'previous_response_id',
  'expires_at',
  'expiresAt',
  'effort', // of OpenAI's responses, as all below: they repeat the request
  'verbosity',
  'truncation',
  'tool_choice',
  'prompt_cache_retention',
  'reasoningContext',
  'continuationToken', // these are base64 again
  'encrypted_content',
  'encrypted_index',
  'encryptedIndex',
  'thought_signature',
]);

/** Tokens one by one, and those that a model did not choose. */
const PROBABILITIES: ReadonlySet<string> = new Set(['logprobs', 'logprobsResult', 'top_logprobs']);

/**
 * Every string in a value of no known form, on a line each: vendors' options and metadata, and parts that this version has
 * never heard of. What is left out is named, key by key, and only while it looks like what it is there for.
 */
export function proseIn(value: unknown): string {
  const found: string[] = [];
  collect({ value, key: '', place: '' }, { named: WITHOUT_PROSE, skipped: NONE, take: (text) => found.push(text) });
  return found.join('\n');
}

/** The same of what a provider says beside the content of its reply, one by one. */
export function stringsInReply(value: unknown, key = ''): readonly string[] {
  const found: string[] = [];
  eachInReply(value, (text) => found.push(text), key);
  return found;
}

/** The same, each with its place: pieces of one text, in event after event, stand in the same place. */
export function eachInReply(value: unknown, take: (text: string, place: string) => void, key = ''): void {
  collect({ value, key, place: '' }, { named: WITHOUT_PROSE_IN_REPLIES, skipped: PROBABILITIES, take });
}

const NONE: ReadonlySet<string> = new Set();

interface Found {
  readonly value: unknown;
  readonly key: string;
  readonly place: string;
}

interface Collector {
  readonly named: ReadonlySet<string>;
  readonly skipped: ReadonlySet<string>;
  readonly take: (text: string, place: string) => void;
}

function collect({ value, key, place }: Found, collector: Collector): void {
  const { named, skipped, take } = collector;
  if (skipped.has(key)) return;
  if (typeof value === 'string') {
    if (value !== '' && !(named.has(key) && isOpaque(value))) take(value, place);
  } else if (isList(value)) {
    value.forEach((each, index) => collect({ value: each, key, place: `${place}[${index}]` }, collector));
  } else if (isRecord(value) && !ArrayBuffer.isView(value)) {
    const at = `${place}${SORTS.map((sort) => (sort in value ? `<${String(value[sort])}>` : '')).join('')}`;
    for (const [name, each] of Object.entries(value)) {
      if (/\s/.test(name)) take(name, `${at}.${name}`);
      collect({ value: each, key: name, place: `${at}.${name}` }, collector);
    }
  }
}

/** What tells events apart that have the same fields, and what these are about. */
const SORTS = ['type', 'index', 'output_index', 'content_index', 'summary_index', 'thought'] as const;

/** One word of Latin letters at most. */
function isOpaque(text: string): boolean {
  return /^[!-~]*$/.test(text);
}
