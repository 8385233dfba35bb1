import type { Edit } from '@chaperone/core';
import { isRecord, type JsonObject } from './json.ts';
import { depthOf, replaceAt } from './paths.ts';

/** One call of the OpenAI wire, its body read. */
export interface OpenAIRequest {
  readonly url: string;
  readonly headers: Headers;
  readonly body: JsonObject;
}

/** Headers that speak for the bytes of the body: another body would make them wrong. */
const SIGNATURES: readonly string[] = [
  'x-amz-content-sha256',
  'x-amz-date',
  'signature',
  'signature-input',
  'content-digest',
  'digest',
  'content-md5',
];

/** Whether the bytes of a request are vouched for, so that they must not change. */
export function isSigned(headers: Headers): boolean {
  return /^AWS4-/i.test(headers.get('authorization') ?? '') || SIGNATURES.some((name) => headers.has(name));
}

/**
 * A copy in which each segment that an edit names is another; undefined where the body is signed.
 * @param replacementOf what stands there instead
 */
export function editRequest(
  request: OpenAIRequest,
  edits: readonly Edit[],
  replacementOf: (edit: Edit, found: unknown, inList: boolean) => unknown,
): OpenAIRequest | undefined {
  if (isSigned(request.headers)) return undefined;
  // Deeper ones first: the replacement of a whole part leaves nothing below it to find.
  const ordered = edits.toSorted((a, b) => depthOf(b.path) - depthOf(a.path));
  let body: unknown = request.body;
  for (const edit of ordered) body = replaceAt(body, edit.path, (found, inList) => replacementOf(edit, found, inList));
  return isRecord(body) ? { ...request, body } : undefined;
}

export function wantsStream({ body }: OpenAIRequest): boolean {
  return body['stream'] === true;
}
