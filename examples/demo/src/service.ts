import type { Moderator } from '@chaperone/core';
import { blocklist, openaiModeration, type OpenAICategory } from '@chaperone/moderators';
import { startServer, type TestServer } from '@chaperone/testing';
import OpenAI from 'openai';
import { assess, MARKER } from './word-list.ts';

/** Who answers and who moderates. */
export interface Service extends AsyncDisposable {
  /** The real client, not guarded yet. */
  readonly client: OpenAI;
  readonly model: string;
  readonly moderators: readonly Moderator<OpenAICategory>[];
  /** The local server; absent where the real service is used. */
  readonly server: TestServer | undefined;
  /** What the person at the screen must know of it. */
  readonly introduction: string;
}

const DEFAULT_MODEL = 'gpt-5-mini';

/** The real service where there is a key for it, else a server in this process. */
export async function openService(): Promise<Service> {
  const apiKey = environment('OPENAI_API_KEY');
  return apiKey === undefined ? openLocal() : openReal(apiKey);
}

async function openLocal(): Promise<Service> {
  const server = await startServer({ moderation: assess });
  const { url: baseURL } = server;
  return {
    client: new OpenAI({ apiKey: 'local', baseURL }),
    model: 'scripted',
    moderators: [openaiModeration({ apiKey: 'local', baseURL })],
    server,
    introduction:
      'No OPENAI_API_KEY is set, so nothing leaves this machine: the real openai client and the guard talk to a ' +
      'local server over HTTP. Behind its moderation endpoint is a word list, not a moderation model: it knows words, ' +
      'not what they mean, and is wrong both ways. Behind its chat endpoint is a scripted model, not a language model. ' +
      `The words are those of the npm package cuss, told as "harassment", and "${MARKER}", which is invented and told ` +
      'as "violence".',
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function openReal(apiKey: string): Service {
  const baseURL = environment('OPENAI_BASE_URL') ?? 'https://api.openai.com/v1';
  const model = environment('OPENAI_MODEL') ?? DEFAULT_MODEL;
  return {
    client: new OpenAI({ apiKey, baseURL }),
    model,
    moderators: [openaiModeration({ apiKey, baseURL }), blocklist([MARKER], { category: 'violence' })],
    server: undefined,
    introduction:
      `OPENAI_API_KEY is set: ${model} answers and the moderation endpoint judges, both at ${new URL(baseURL).host}. ` +
      'What is asked is sent there and may cost money. ' +
      `So that no scene needs a harmful text, a blocklist judges too: it holds the invented word "${MARKER}".`,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function environment(name: string): string | undefined {
  return process.env[name]?.trim() || undefined;
}
