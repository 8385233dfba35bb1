import { stringsInReply } from '../prose.ts';
import type { GenerateResult } from '../sdk.ts';
import { isRecord, textAt } from '../value.ts';

/**
 * What is read for itself, of each type of content and of each part of a stream: anything else of it is beside. A warning
 * is the word of the package that speaks for a provider. Types that are not here are read as a whole.
 */
const READ: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    text: ['text'],
    reasoning: ['text'],
    'tool-call': ['input', 'toolName'],
    'tool-result': ['result', 'toolName'],
    'tool-approval-request': [],
    file: ['data'],
    'reasoning-file': ['data'],
    source: ['title', 'filename'],
    'stream-start': ['warnings'],
    'response-metadata': [],
    'text-start': [],
    'text-delta': ['delta'],
    'text-end': [],
    'reasoning-start': [],
    'reasoning-delta': ['delta'],
    'reasoning-end': [],
    'tool-input-start': ['toolName'],
    'tool-input-delta': ['delta'],
    'tool-input-end': [],
    finish: ['usage'],
  }),
);

/** What is said beside the content: metadata of a provider, citations, titles, addresses that are none. */
export function asidesIn(part: object): readonly string[] {
  const read = READ.get(textAt(part, 'type') ?? '');
  if (read === undefined) return [];
  const found: string[] = [];
  for (const [name, value] of Object.entries(part))
    if ((typeof value === 'string' || typeof value === 'object') && !read.includes(name))
      found.push(...stringsInReply(value, name));
  return found;
}

/** What is said of a whole reply. */
export function asidesOf({ content, providerMetadata, response, finishReason }: GenerateResult): readonly string[] {
  const parts = content.flatMap((part) => (isRecord(part) ? asidesIn(part) : []));
  return [...parts, ...stringsInReply([providerMetadata, finishReason]), ...headProse(response)];
}

/** What the head of a reply says, beside ids and names. */
export function headProse(head: GenerateResult['response']): readonly string[] {
  return stringsInReply({ id: head?.id, modelId: head?.modelId });
}
