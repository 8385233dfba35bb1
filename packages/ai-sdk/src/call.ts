import { ConfigurationError, type CallContext } from '@chaperone/core';
import { NAMESPACE } from './notice.ts';
import type { GuardModelOptions } from './options.ts';
import type { CallOptions, PromptMessage } from './sdk.ts';
import { at, isRecord } from './value.ts';

/** A call as it is sent on: nothing in it is meant for the guard. */
export function sentOn(call: CallOptions): CallOptions {
  const prompt = call.prompt.some(hasMark) ? call.prompt.map(withoutMark) : call.prompt;
  if (at(call.providerOptions, NAMESPACE) === undefined) return prompt === call.prompt ? call : { ...call, prompt };
  return { ...call, prompt, ...without(call) };
}

/** Whose call it is: what the call itself says, or else what the options make of it. */
export function contextOf(call: CallOptions, { context }: GuardModelOptions): CallContext {
  const said = at(call.providerOptions, NAMESPACE);
  return { ...(context && askContext(context, call)), ...(said !== undefined && checked(said)) };
}

function askContext(context: (call: CallOptions) => CallContext, call: CallOptions): CallContext {
  try {
    return context(call);
  } catch (error) {
    throw new ConfigurationError(
      'guardModel.context',
      `failed with ${error instanceof Error ? error.name : 'a throw'}`,
    );
  }
}

function checked(said: unknown): CallContext {
  if (!isRecord(said)) throw new ConfigurationError('providerOptions.chaperone', 'must be an object');
  const context: Record<string, string> = {};
  for (const [key, value] of Object.entries(said))
    if (typeof value === 'string') context[key] = value;
    else if (value !== undefined) throw new ConfigurationError(`providerOptions.chaperone.${key}`, 'must be a string');
  return context;
}

/** A refusal that comes back with the history says so in its options. */
function hasMark(message: PromptMessage): boolean {
  return marked(message) || (typeof message.content !== 'string' && message.content.some(marked));
}

function marked(owner: object): boolean {
  return at(at(owner, 'providerOptions'), NAMESPACE) !== undefined;
}

function withoutMark(message: PromptMessage): PromptMessage {
  if (!hasMark(message)) return message;
  const bare = marked(message) ? { ...message, ...without(message) } : message;
  switch (bare.role) {
    case 'system':
      return bare;
    case 'user':
      return { ...bare, content: bare.content.map(bareOf) };
    case 'assistant':
      return { ...bare, content: bare.content.map(bareOf) };
    case 'tool':
      return { ...bare, content: bare.content.map(bareOf) };
  }
}

function bareOf<Part extends object>(part: Part): Part {
  return marked(part) ? { ...part, ...without(part) } : part;
}

function without(owner: object): Pick<CallOptions, 'providerOptions'> {
  const { providerOptions = {} }: Pick<CallOptions, 'providerOptions'> = owner;
  return {
    providerOptions: Object.fromEntries(Object.entries(providerOptions).filter(([name]) => name !== NAMESPACE)),
  };
}
