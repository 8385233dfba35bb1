interface Asked {
  readonly messages: readonly { readonly role: string; readonly content?: unknown }[];
}

/** What the local models say, for `startServer`: `zorp` and `blarg` stand for what must not be said. */
export const localModels = {
  timing: { perToken: 40 },
  chat({ messages }: Asked): string {
    const said = JSON.stringify(messages.findLast(({ role }) => role === 'user')?.content ?? '');
    const isSecondTry = messages.some(({ role }) => role === 'system'); // the guard's word to the model
    if (said.includes('secret')) return 'Sea holly grows by the sea. It has a secret, and the secret is the zorp.';
    if (said.includes('rude') && !isSecondTry) return 'Zorp off, zorp.';
    return 'Sea holly grows by the sea. It is blue in the evening, and nobody waters it.';
  },
  moderation: (text: string): { flagged: 'violence'[] } => ({ flagged: /zorp|blarg/i.test(text) ? ['violence'] : [] }),
};
