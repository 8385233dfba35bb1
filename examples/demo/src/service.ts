import type { Moderator } from '@chaperone/core';
import { embedded } from '@chaperone/embedded';
import { blocklist, openaiModeration, type OpenAICategory } from '@chaperone/moderators';
import { startServer, type TestServer } from '@chaperone/testing';
import OpenAI from 'openai';
import { EMBEDDED_TIERS, OPENAI_TIERS, type Tiers } from './policy.ts';
import { INSULTING_WORDS } from './texts.ts';

/** Who answers and who moderates. */
export interface Service extends AsyncDisposable {
  /** The real client, not guarded yet. */
  readonly client: OpenAI;
  readonly model: string;
  readonly moderators: readonly Moderator<OpenAICategory>[];
  /** Those that fit the scores of these moderators. */
  readonly tiers: Tiers;
  /** The local server; absent where the real service is used. */
  readonly server: TestServer | undefined;
  /** What the person at the screen must know of it. */
  readonly introduction: string;
}

const DEFAULT_MODEL = 'gpt-5-mini';

/** The real service where there is a key for it, else a model in this process that judges and a server that answers. */
export async function openService(): Promise<Service> {
  const apiKey = environment('OPENAI_API_KEY');
  return apiKey === undefined ? openLocal() : openReal(apiKey);
}

async function openLocal(): Promise<Service> {
  const server = await startServer();
  return {
    client: new OpenAI({ apiKey: 'local', baseURL: server.url }),
    model: 'scripted',
    moderators: [embedded()],
    tiers: EMBEDDED_TIERS,
    server,
    introduction:
      'No OPENAI_API_KEY is set, so nothing leaves this machine. The small model of @chaperone/embedded judges, in this ' +
      'process: English only, and wrong both ways more often than a hosted model. The real openai client talks over HTTP ' +
      'to a local server, behind which is a scripted model, not a language model.',
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function openReal(apiKey: string): Service {
  const baseURL = environment('OPENAI_BASE_URL') ?? 'https://api.openai.com/v1';
  const model = environment('OPENAI_MODEL') ?? DEFAULT_MODEL;
  return {
    client: new OpenAI({ apiKey, baseURL }),
    model,
    moderators: [openaiModeration({ apiKey, baseURL }), blocklist([INSULTING_WORDS], { category: 'harassment' })],
    tiers: OPENAI_TIERS,
    server: undefined,
    introduction:
      `OPENAI_API_KEY is set: ${model} answers and the moderation endpoint judges, both at ${new URL(baseURL).host}. ` +
      'What is asked is sent there and may cost money. ' +
      'So that scenes end as they are titled whatever the service makes of a mild insult, a blocklist judges too: it ' +
      `holds the words "${INSULTING_WORDS}".`,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function environment(name: string): string | undefined {
  return process.env[name]?.trim() || undefined;
}
