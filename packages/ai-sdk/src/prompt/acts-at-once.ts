import type { CallOptions } from '../sdk.ts';
import { at } from '../value.ts';

/** Options, of any provider, that have it keep or run something as soon as it has the request. */
const ACTING_OPTIONS: readonly string[] = ['store', 'background', 'conversation', 'previousResponseId'];

/** Whether the provider runs tools or keeps the chat by itself: OpenAI's Responses API does, unless it is told not to. */
export function actsAtOnce({ tools = [], providerOptions = {} }: CallOptions, provider: string): boolean {
  const options: readonly unknown[] = Object.values(providerOptions);
  const isSet = (option: string): boolean => options.some((each) => (at(each, option) ?? false) !== false);
  const isKept = provider.endsWith('.responses') && !options.some((each) => at(each, 'store') === false);
  return isKept || tools.some(({ type }) => type !== 'function') || ACTING_OPTIONS.some(isSet);
}
