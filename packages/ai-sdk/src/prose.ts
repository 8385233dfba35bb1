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

/**
 * Every string in a value of no known form, on a line each: vendors' options and metadata, and parts that this version has
 * never heard of. What is left out is named, key by key, and only while it looks like what it is there for.
 */
export function proseIn(value: unknown, key = ''): string {
  if (typeof value === 'string') return WITHOUT_PROSE.has(key) && !/\s/.test(value) ? '' : value;
  if (isList(value)) return lines(value.map((element) => proseIn(element, key)));
  if (!isRecord(value)) return '';
  return lines(Object.entries(value).flatMap(([name, each]) => [/\s/.test(name) ? name : '', proseIn(each, name)]));
}

function lines(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n');
}
