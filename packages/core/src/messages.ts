import type { CallContext } from './moderation/moderator.ts';
import type { Decision } from './policy/decision.ts';

/** One text for every language, or one for each: `{ en: '…', fr: '…' }`. */
export type LocalizedText = string | { readonly [locale: string]: string };

/**
 * The texts of one stage, by category; a parent (`'self-harm'`) also speaks for what is under it (`'self-harm/intent'`).
 * `'*'` is every category not named, `warn` is said where the action is a warning, `unchecked` where nothing was found
 * but something could not be checked.
 */
export type StageMessages<C extends string = string> = {
  readonly [K in C | '*' | 'warn' | 'unchecked']?: LocalizedText;
};

/** Texts by stage, category and locale. What is not in it is said in the guard's own words. */
export interface MessageTable<C extends string = string> {
  readonly input?: StageMessages<C>;
  readonly output?: StageMessages<C>;
}

/** `message` of the guard's options. */
export type MessageOption<C extends string = string> =
  | string
  | MessageTable<C>
  | ((decision: Decision<C>, context: CallContext) => string);
