import type { ReplyReading, Segment, Usage } from '@chaperone/core';
import type { Expected } from '../expected.ts';
import type { GenerateResult } from '../sdk.ts';
import { at, textAt } from '../value.ts';
import { readContent, structuredText } from './content.ts';
import { readUsage, withAddedUsage } from './usage.ts';

/** Paths of what the provider's own filter took away: the SDK does not say what that was. */
const ALL_OF_IT: readonly string[] = ['content'];

/** Everything that a reply says. */
export function readReply(reply: GenerateResult, expected: Expected): ReplyReading {
  const segments: Segment[] = [];
  reply.content.forEach((part, index) =>
    readContent(part, `content[${index}]`, { expected, take: (segment) => segments.push(segment) }),
  );
  // The text once more, or what the provider made of it: the SDK reads this instead.
  const structured = structuredText(reply.structuredOutputText ?? '');
  if (structured !== '' && !segments.some(({ text }) => text === structured))
    segments.push({
      kind: 'text',
      role: 'assistant',
      path: 'structuredOutputText',
      text: structured,
    });
  const usage = readUsage(reply.usage);
  return {
    segments,
    ...(usage && { usage }),
    ...(isFiltered(reply.finishReason) && { providerBlocks: ALL_OF_IT }),
  };
}

/** The provider's own content filter ended the reply. */
export function isFiltered(finishReason: unknown): boolean {
  return textAt(finishReason, 'unified') === 'content-filter';
}

/** The provider's own content filter refused the request: OpenAI and Azure say so with an error. */
export function isProviderBlock(error: unknown): boolean {
  const code = textAt(at(at(error, 'data'), 'error'), 'code');
  return code === 'content_filter' || code === 'content_policy_violation';
}

/** The reply with the tokens of the attempts before it. */
export function addReplyUsage(reply: GenerateResult, usage: Usage): GenerateResult {
  return { ...reply, usage: withAddedUsage(reply.usage, usage) };
}
