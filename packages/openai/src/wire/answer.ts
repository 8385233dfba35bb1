import type { OpenAIRequest } from './request.ts';

/** An answer that came at once, and where it comes from. */
export interface Answer {
  /** Undefined: nobody can read it. */
  readonly body: unknown;
  /** Upstream's answer, its body unread. Absent: upstream was not asked. */
  readonly response?: Response;
  /** What it answers. Absent: nothing that the caller asked. */
  readonly request?: OpenAIRequest;
  /** The body is no longer upstream's. */
  readonly changed?: boolean;
}

/** An answer that the guard wrote, in the place of one that came or of none. */
export function writtenAnswer(body: unknown, answer?: Answer): Answer {
  return { ...answer, body, changed: true };
}
