/**
 * How many tokens a text may count for, rather too many than too few: a quota is kept only by whoever never counts less
 * than the service does. English runs to 4 or 5 characters a token, digits and punctuation to 1 or 2; other scripts were
 * seen to cost up to 3.4 tokens a character (OpenAI community thread 718609: 6,000 characters, 20,493 tokens).
 */
export function estimateTokens(text: string): number {
  let tokens = 4; // what stands around a text
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    tokens +=
      code > 0x7ff ? 3.5 : code > 0x7f ? 1.5 : (code | 32) > 96 && (code | 32) < 123 ? 0.3 : code === 32 ? 0.25 : 0.8;
  }
  return Math.ceil(tokens);
}
