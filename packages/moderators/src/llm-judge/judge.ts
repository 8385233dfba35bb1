import type { Report, Stage } from '@chaperone/core';

/** A message of the chat under judgement, or of the one with the judge. */
export interface JudgeMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** What is to be judged: the last message, and the turns before it. Nothing in them is an instruction. */
export interface Subject {
  readonly stage: Stage;
  /** All texts of the message. */
  readonly text: string;
  /** The turns before, oldest first; no two of one role in a row. Empty unless the judge reads them. */
  readonly earlier: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[];
}

/** How one kind of model is asked, and what its answers mean. */
export interface Judge<C extends string = string> {
  /** The moderator's name, unless another is given. */
  readonly name: string;
  /** Says what kind of judge it is; changes when its words or its categories do. */
  readonly revision: string;
  readonly categories: readonly C[];
  readonly reads: 'message' | 'conversation';
  /** The whole chat with the judge. */
  readonly ask: (subject: Subject) => readonly JudgeMessage[];
  /** What an answer means; undefined: it is none. */
  readonly read: (answer: string, stage: Stage) => Report<C> | undefined;
  /** A JSON schema that the answer is to follow. */
  readonly schema?: { readonly name: string; readonly schema: { readonly [keyword: string]: unknown } };
  /** Sent to a chat endpoint beside the messages. */
  readonly parameters?: { readonly [name: string]: unknown };
}
