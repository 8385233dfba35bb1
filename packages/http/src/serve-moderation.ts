import { ConfigurationError, isContentError, type CallContext, type Decision, type Guard } from '@chaperone/core';
import * as z from 'zod/mini';
import { admit, type Authorize } from './authorize.ts';
import { readBody } from './body.ts';
import type { Contract, Inquiry } from './contracts/contract.ts';
import { dify } from './contracts/dify.ts';
import { extension } from './contracts/extension.ts';
import { litellm } from './contracts/litellm.ts';
import { openai } from './contracts/openai.ts';

export interface ServeModerationOptions {
  /** Who may ask: a key, several, or a function that gives the context of the caller whose key it is. */
  readonly authorize: Authorize;
  /** The largest body, in bytes. Default 1 MiB; images as `data:` addresses need more. */
  readonly maxBytes?: number;
  /** How long a body may take to come, in milliseconds. Default 10,000. */
  readonly readDeadline?: number;
}

/** A web-standard handler: for Next.js, Hono, Workers, Bun, Deno. */
export type ModerationHandler = (request: Request) => Promise<Response>;

/** What a timer can wait. */
const MOST_MILLISECONDS = 2 ** 31 - 1;

const key = z.string().check(z.regex(/^\S+$/));
const optionsSchema = z.strictObject({
  authorize: z.union([
    key,
    z.array(key).check(z.minLength(1)),
    z.custom<Authorize>((value) => typeof value === 'function'),
  ]),
  maxBytes: z.optional(z.number().check(z.int(), z.minimum(1))),
  readDeadline: z.optional(z.number().check(z.int(), z.minimum(1), z.maximum(MOST_MILLISECONDS))),
});

/** By path first, then by what the body says. */
const CONTRACTS: readonly Contract[] = [litellm, openai, extension, dify];
/** How many inputs of one request are judged at a time. */
const AT_A_TIME = 16;

/**
 * Lets other systems ask a guard, in four contracts: the custom extension of agent platforms, Dify's form of it, LiteLLM's
 * generic guardrail (a path that ends in `/beta/litellm_basic_guardrail_api`), and OpenAI's moderation endpoint (a path that
 * ends in `/moderations`). Callers show their key as `Authorization: Bearer` or `x-api-key`.
 *
 * It answers what the guard's policy says: flagged is what that blocks. What could not be checked and is to be blocked is
 * flagged with the guard's words for an outage, so that a caller that lets errors pass does not let it pass; the OpenAI
 * contract, which has no words, answers 503. So do that contract and the custom extension where something was judged by
 * nobody, though the policy would let it pass: they say what is clear, and that is not.
 *
 * @throws ConfigurationError when an option is unknown or wrong.
 */
export function serveModeration(guard: Guard, options: ServeModerationOptions): ModerationHandler {
  const read = optionsSchema.safeParse(options);
  if (!read.success)
    throw new ConfigurationError(
      'serveModeration',
      'takes { authorize, maxBytes, readDeadline }: authorize is a key without spaces, a list of them, or a function; the others whole numbers from 1',
    );
  const { authorize, maxBytes = 1024 * 1024, readDeadline = 10_000 } = read.data;

  return async (request) => {
    if (request.method !== 'POST') return refuse(405, 'Use POST.');
    const context = await admit(request, authorize).catch(() => undefined);
    if (!context) return refuse(401, 'The key is missing or not known.');
    try {
      const came = await readBody(request, maxBytes, readDeadline);
      if ('status' in came) return refuse(came.status, UNREAD[came.status]);
      const { pathname } = new URL(request.url);
      const contract = CONTRACTS.find(({ isFor }) => isFor(pathname, came.body));
      if (!contract) return refuse(404, 'The path and the body belong to no contract that is known here.');
      const inquiry = contract.read(came.body);
      if (!inquiry) return refuse(400, 'The body is not in the form of its contract.');
      if ('answer' in inquiry) return Response.json(inquiry.answer);
      const decisions = await decide(guard, inquiry, context, request.signal);
      const answer = contract.write(decisions, guard.with(context), inquiry.messages);
      return answer ? Response.json(answer) : refuse(503, 'The check did not work. Try again later.');
    } catch (error) {
      if (isContentError(error)) return refuse(400, 'The body is not in the form of its contract.');
      return refuse(503, 'The check did not work. Try again later.'); // what was thrown may hold content
    }
  };
}

const UNREAD = {
  400: 'The body is no JSON.',
  408: 'The body did not come in time.',
  413: 'The body is too large.',
} as const;

async function decide(
  guard: Guard,
  { stage, messages }: Inquiry,
  context: CallContext,
  signal: AbortSignal,
): Promise<readonly Decision[]> {
  const role = stage === 'input' ? 'user' : 'assistant';
  const decisions: Decision[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < messages.length; at = next++)
      decisions[at] = await guard.check([{ role, content: messages[at] ?? [] }], { stage, context, signal });
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, messages.length) }, work));
  return decisions;
}

const CODES: { readonly [status: number]: string } = {
  400: 'invalid_request',
  401: 'invalid_api_key',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'request_too_large',
  503: 'unavailable',
};

/** In OpenAI's form, which most clients know; it repeats nothing of the request. */
function refuse(status: number, message: string): Response {
  const type = status === 503 ? 'server_error' : 'invalid_request_error';
  return Response.json(
    { error: { message, type, param: null, code: CODES[status] ?? null } },
    { status, ...(status === 405 && { headers: { allow: 'POST' } }) },
  );
}
