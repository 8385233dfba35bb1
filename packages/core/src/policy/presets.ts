import type { Policy } from './policy.ts';

// Each names no category, so that any moderator can be judged by it. Scores of two moderators are not comparable: where one
// grades in a few steps, its highest may stay below a threshold (Azure's four levels end at 0.86, below 0.9 and 0.95).
// `moderators: { name: rules }`, or `extendPolicy`, says what suits it.

/** To start with: stops at the first hint, and shows what would be lost before anybody relaxes it. */
export const strict: Policy<never> = { version: 'strict', categories: { '*': { review: 'flag', block: 0.1 } } };

/** For a chat with the public: the moderator's own judgement, and a look at what came near it. */
export const balanced: Policy<never> = { version: 'balanced', categories: { '*': { review: 0.5, block: 'flag' } } };

/** For reviewers who see each step: only near certainty blocks, what is likely waits for a look, the rest is a warning. */
export const graded: Policy<never> = {
  version: 'graded',
  categories: { '*': { warn: 0.5, review: 0.8, block: 0.95 } },
};

/** For what users publish: a wrong block costs an author, so all that is not obvious goes to people. */
export const ugc: Policy<never> = { version: 'ugc', categories: { '*': { review: 0.7, block: 0.9 } } };
