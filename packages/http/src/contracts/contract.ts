import type { ContentPart, Decision, Guard, Stage } from '@chaperone/core';

/** What one request wants judged: each message gets one decision. */
export interface Inquiry {
  readonly stage: Stage;
  readonly messages: readonly (readonly ContentPart[])[];
}

/** One protocol in which others ask. */
export interface Contract {
  /** Whether a request is one of it. */
  readonly isFor: (path: string, body: unknown) => boolean;
  /** What a body asks; an answer, where nothing needs to be judged; undefined: it is malformed. */
  readonly read: (body: unknown) => Inquiry | { readonly answer: object } | undefined;
  /** The answer about these decisions; undefined: it cannot be given, for somebody could not be asked. */
  readonly write: (decisions: readonly Decision[], guard: Pick<Guard, 'explain'>) => object | undefined;
}

/** A part that is an image: an address, or bytes in base64. Undefined: it is neither. */
export function imagePart(image: string): ContentPart | undefined {
  if (URL.canParse(image)) return { type: 'image', image };
  try {
    return { type: 'image', image: Uint8Array.from(atob(image), (unit) => unit.charCodeAt(0)) };
  } catch {
    return undefined;
  }
}

export function textPart(text: string): ContentPart {
  return { type: 'text', text };
}

/** All of them, or nothing where one is missing. */
export function every<T>(values: readonly (T | undefined)[]): readonly T[] | undefined {
  const there = values.filter((value): value is T => value !== undefined);
  return there.length === values.length ? there : undefined;
}

/** Whether a decision is to be blocked, and what the user is told then. */
export function verdictOn(decisions: readonly Decision[]): { readonly isBlocked: boolean; readonly message: string } {
  const blocked = decisions.find(({ action }) => action === 'block');
  return { isBlocked: blocked !== undefined, message: blocked?.message ?? '' };
}
