import { startServer } from '@chaperone/testing';

/** Where the models are: OpenAI's with a key, or else a server in this process that plays them. */
export interface Service extends AsyncDisposable {
  readonly apiKey: string;
  readonly baseURL: string;
  readonly isLocal: boolean;
}

export async function openService(): Promise<Service> {
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL = 'https://api.openai.com/v1' } = process.env;
  if (apiKey) return { apiKey, baseURL, isLocal: false, async [Symbol.asyncDispose]() {} };
  const server = await startServer({
    chat: ({ messages }) => {
      const text = JSON.stringify(messages.at(-1)?.content ?? '');
      return text.includes('secret')
        ? 'Sea holly grows by the sea. Its secret is the zorp.'
        : 'Sea holly grows by the sea. It is blue in the evening.';
    },
    moderation: (text) => ({ flagged: text.includes('zorp') ? ['violence'] : [] }),
  });
  return {
    apiKey: 'local',
    baseURL: server.url,
    isLocal: true,
    async [Symbol.asyncDispose]() {
      await server.close();
    },
  };
}
