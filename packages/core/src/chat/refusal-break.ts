/**
 * A blank line, for adapters: it stands between text that has left and the message of a refusal that follows it in the
 * same text, which else would seem to be one sentence with it.
 */
export const REFUSAL_BREAK = '\n\n';
