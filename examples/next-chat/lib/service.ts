import { startServer } from '@chaperone/testing';
import { localModels } from './local-models';

export interface Service {
  readonly apiKey: string;
  readonly baseURL: string;
}

/** OpenAI's models with a key, or else a server in this process that plays them. One for the process, whatever reloads. */
const shared = globalThis as { chatService?: Promise<Service> };

export function service(): Promise<Service> {
  return (shared.chatService ??= open());
}

async function open(): Promise<Service> {
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL = 'https://api.openai.com/v1' } = process.env;
  if (apiKey) return { apiKey, baseURL };
  return { apiKey: 'local', baseURL: (await startServer(localModels)).url };
}
