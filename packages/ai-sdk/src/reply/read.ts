import type { ReplyReading, Segment, Usage } from '@chaperone/core';
import { expectedOf, type Expected } from '../expected.ts';
import { stringsInReply } from '../prose.ts';
import type { CallOptions, GenerateResult } from '../sdk.ts';
import { at, textAt } from '../value.ts';
import { asidesOf } from './asides.ts';
import { readContent, structuredText } from './content.ts';
import { Said } from './said.ts';
import { readUsage, withAddedUsage } from './usage.ts';

/** Paths of what the provider's own filter took away: the SDK does not say what that was. */
const ALL_OF_IT: readonly string[] = ['content'];

/** Everything that a reply says: its content, and what is said beside it. */
export function readReply(reply: GenerateResult, call: CallOptions, expected: Expected): ReplyReading {
  const segments = readContents(reply, expected);
  const beside = saidIn(reply, call, segments).beside(asidesOf(reply));
  if (beside.length > 0)
    segments.push({ kind: 'text', role: 'assistant', path: 'providerMetadata', text: beside.join('\n') });
  const usage = readUsage(reply.usage);
  return {
    segments,
    ...(usage && { usage }),
    ...(isFiltered(reply.finishReason) && { providerBlocks: ALL_OF_IT }),
  };
}

/** The reply as it is released: without a body that says what was not judged. */
export function released(reply: GenerateResult, call: CallOptions): GenerateResult {
  const { response } = reply;
  if (response?.body === undefined) return reply;
  const said = saidIn(reply, call, readContents(reply, expectedOf(call)));
  said.know(asidesOf(reply));
  return said.beside(stringsInReply(response.body)).length === 0
    ? reply
    : { ...reply, response: { ...response, body: undefined } };
}

function readContents(reply: GenerateResult, expected: Expected): Segment[] {
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
  return segments;
}

function saidIn({ content }: GenerateResult, call: CallOptions, segments: readonly Segment[]): Said {
  const said = new Said(call);
  for (const { path, text } of segments) if (text !== undefined) said.add(path, text);
  for (const part of content) said.knowFile(part);
  return said;
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
