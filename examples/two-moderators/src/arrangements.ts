import { cascade, quorum, type Moderator } from '@chaperone/core';

/** Three ways in which two moderators judge together. */
export const ARRANGEMENTS: { readonly [name: string]: (first: Moderator, second: Moderator) => readonly Moderator[] } =
  {
    any: (first, second) => [first, second],
    both: (first, second) => [quorum(2, [first, second])],
    'second opinion': (first, second) => [cascade([first, second], { when: { from: 0.2, to: 0.8 } })],
  };
