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
      const text = JSON.stringify(messages.findLast(({ role }) => role === 'user')?.content ?? '');
      const isSecondTry = messages.some(({ role }) => role === 'system'); // the guard's word to the model
      if (text.includes('rude') && !isSecondTry) return 'Zorp off, zorp.';
      return text.includes('secret')
        ? 'Sea holly grows by the sea. Its secret is the zorp.'
        : 'Sea holly grows by the sea. It is blue in the evening.';
    },
    moderation: (text) => ({ flagged: /zorp/i.test(text) ? ['violence'] : [] }),
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
