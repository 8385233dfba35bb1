/**
 * The log probabilities of tokens. A guard that forgets them leaks the text a second time, token by token: that is why the
 * server can send them.
 */
export function tokenLogprobs(tokens: readonly string[]): readonly object[] {
  return tokens.map((token) => ({
    token,
    logprob: LOGPROB,
    bytes: [...new TextEncoder().encode(token)],
    top_logprobs: [],
  }));
}

/** Every token's. */
export const LOGPROB = -0.01;
