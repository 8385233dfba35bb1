import type { Action } from '@chaperone/core';
import { guardOpenAI } from '@chaperone/openai';
import type { ChatRequest } from '@chaperone/testing';
import type OpenAI from 'openai';
import { count, describeDecision } from '../describe.ts';
import type { Style } from '../screen.ts';
import { record, type CallRecord } from './record.ts';
import type { Turn } from './scene.ts';

export type Message = OpenAI.ChatCompletionMessageParam;

/** One call whose reply comes at once: what was asked, what came of it. Gives the text that the caller received. */
export async function turn({ service, screen, guard }: Turn, messages: readonly Message[]): Promise<string> {
  const openai = guardOpenAI(service.client, guard);
  const told = record(guard);
  const earlier = service.server?.chatRequests.length ?? 0;
  screen.row('asked', quoteLast(messages));
  const call = openai.chat.completions.create({ model: service.model, messages: [...messages] });
  // Also of a call that fails. What is judged beside a call, as with log(), is told later than the reply.
  await Promise.allSettled([call]);
  await guard.idle();
  tell({ service, screen, guard }, told, earlier);
  const { choices } = await call;
  const text = choices[0]?.message.content ?? '';
  screen.row('received', quote(text));
  screen.row('', `finish_reason: ${choices[0]?.finish_reason ?? 'none'}`);
  return text;
}

/** Pieces that come within so many milliseconds came together. */
const TOGETHER = 25;

/** One call whose reply is streamed, shown as it arrives. */
export async function streamedTurn({ service, screen, guard }: Turn, messages: readonly Message[]): Promise<void> {
  const openai = guardOpenAI(service.client, guard);
  const told = record(guard);
  const earlier = service.server?.chatRequests.length ?? 0;
  screen.row('asked', quoteLast(messages));
  const began = performance.now();
  const stream = await openai.chat.completions.create({ model: service.model, messages: [...messages], stream: true });
  const live = screen.live('received');
  let latest = Number.NEGATIVE_INFINITY;
  let finish = 'none';
  for await (const { choices } of stream) {
    const now = performance.now();
    const piece = choices[0]?.delta.content ?? '';
    finish = choices[0]?.finish_reason ?? finish;
    if (piece === '') continue;
    if (now - latest > TOGETHER) live.start(`${Math.round(now - began)} ms`);
    live.write(piece);
    latest = now;
  }
  live.end();
  const ended = performance.now();
  screen.row('', `finish_reason: ${finish}, after ${Math.round(ended - began)} ms`);
  const spoken = service.server?.chatRequests.at(-1);
  if (spoken?.endedAt !== undefined)
    screen.row('', `the model spoke from ${Math.round(spoken.at - began)} to ${Math.round(spoken.endedAt - began)} ms`);
  await guard.idle();
  tell({ service, screen, guard }, told, earlier);
}

const STYLES: { readonly [A in Action]: Style } = { allow: 'green', warn: 'yellow', review: 'yellow', block: 'red' };

function tell({ service, screen }: Turn, told: CallRecord, earlier: number): void {
  told.stop();
  for (const [index, decision] of told.decisions.entries()) {
    const [what = '', ...details] = describeDecision(decision);
    screen.row(index === 0 ? 'decided' : '', what, STYLES[decision.action]);
    for (const detail of details) screen.row('', detail);
  }
  for (const [index, [name, detail]] of told.events.entries())
    screen.row(index === 0 ? 'events' : '', `${index + 1} ${name.padEnd(17)} ${detail}`);
  const requests = service.server?.chatRequests.slice(earlier).map(({ body }) => body);
  screen.row('model got', count(requests?.length ?? told.generations, 'request'));
  for (const request of requests ?? []) screen.row('', describeRequest(request));
}

function describeRequest({ messages }: ChatRequest): string {
  return messages.map(({ role, content }) => `${role} ${quote(content)}`).join(', ');
}

function quoteLast(messages: readonly Message[]): string {
  const last = messages.at(-1);
  const before = messages.length > 1 ? `after ${count(messages.length - 1, 'earlier message')}: ` : '';
  return `${before}${last?.role ?? ''} ${quote(last?.content)}`;
}

function quote(content: unknown): string {
  return `“${typeof content === 'string' ? content : JSON.stringify(content)}”`;
}
