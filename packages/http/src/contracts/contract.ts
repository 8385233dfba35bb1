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
  readonly write: (
    decisions: readonly Decision[],
    guard: Pick<Guard, 'explain'>,
    messages: Inquiry['messages'],
  ) => object | undefined;
}

/** More parts than this in one message are refused: each is judged, some of them together with all others. */
const MOST_PARTS = 1_000;

/** The parts of a message; undefined where one is missing, or where there are too many. */
export function messageOf(parts: readonly (ContentPart | undefined)[]): readonly ContentPart[] | undefined {
  if (parts.length > MOST_PARTS) return undefined;
  const there = parts.filter((part): part is ContentPart => part !== undefined);
  return there.length === parts.length ? there : undefined;
}

/** Whether there is something in it that nobody has judged: it is then not clear, whatever the policy lets pass. */
export function hasUnjudged({ verdicts, unchecked }: Decision): boolean {
  const judged = new Set(verdicts.flatMap(({ status, path }) => (isJudged(status) ? [path] : [])));
  return unchecked.some(({ path }) => !judged.has(path));
}

function isJudged(status: Decision['verdicts'][number]['status']): boolean {
  return status === 'clear' || status === 'flagged';
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

/** Whether a decision is to be blocked, and what the user is told then. */
export function verdictOn(decisions: readonly Decision[]): { readonly isBlocked: boolean; readonly message: string } {
  const blocked = decisions.find(({ action }) => action === 'block');
  return { isBlocked: blocked !== undefined, message: blocked?.message ?? '' };
}
