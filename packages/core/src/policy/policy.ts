/** A score from which on an action is taken, or `'flag'`: wherever the moderator itself flags. */
export type Threshold = number | 'flag';

/**
 * What is made of one category. A threshold alone means `block` from there on; `'ignore'` takes no action. Scores equal
 * to a threshold count. Thresholds are above 0 and at most 1.
 */
export type Rule =
  | Threshold
  | 'ignore'
  | { readonly warn?: Threshold; readonly review?: Threshold; readonly block?: Threshold };

/** Rules by category; `'*'` is every category not named. */
export type Rules<C extends string = string> = { readonly [K in C | '*']?: Rule };

/**
 * What moderators' reports amount to: data, so that it can be stored, compared and replayed. A rule of a stage replaces
 * the whole rule of that category. Order: named in the stage, named in the base, `'*'` in the stage, `'*'` in the base,
 * and where there is none, `'flag'`. The rules of a single moderator (`moderators`) come before all of these.
 */
export interface Policy<C extends string = string> {
  /** Told in every decision. Default: derived from the content. */
  readonly version?: string;
  readonly categories?: Rules<C>;
  readonly input?: { readonly categories: Rules<C> };
  readonly output?: { readonly categories: Rules<C> };
  /** Rules for one moderator, by its name: scores of two moderators are not comparable. */
  readonly moderators?: { readonly [name: string]: Rules<C> };
  /** What `extendPolicy` lets nobody loosen; `'*'`: whatever is not named here. */
  readonly locked?: readonly (C | '*' | (string & {}))[];
}
