import type { ResolvedAnswer } from './answer.ts';
import { completion, completionEvents, type StreamEvent } from './completion.ts';
import type { InlineModeration } from './inline-moderation.ts';
import type { RecordedGenerationRequest } from './record.ts';
import { response, responseEvents } from './response.ts';
import { textCompletion, textCompletionEvents } from './text-completion.ts';

/** How an endpoint words what the model says. */
export interface Dialect {
  /** Whether an inline moderation judges all choices together; else each. */
  readonly judgesTogether: boolean;
  /** At once. */
  whole(answer: ResolvedAnswer, moderation?: InlineModeration): object;
  /** Piece by piece. */
  events(answer: ResolvedAnswer, moderation?: InlineModeration): readonly StreamEvent[];
}

/** The dialect in which a request is answered. */
export function dialectOf(record: RecordedGenerationRequest): Dialect {
  switch (record.endpoint) {
    case 'chat': {
      const { body } = record;
      return {
        judgesTogether: false,
        whole: (answer, moderation) => completion(answer, body, moderation),
        events: (answer, moderation) => completionEvents(answer, body, moderation),
      };
    }
    case 'responses': {
      const { body } = record;
      return {
        judgesTogether: true,
        whole: (answer, moderation) => response(answer, body, moderation),
        events: (answer, moderation) => responseEvents(answer, body, moderation),
      };
    }
    case 'completions': {
      const { body } = record;
      return {
        judgesTogether: false,
        whole: (answer) => textCompletion(answer, body),
        events: (answer) => textCompletionEvents(answer, body),
      };
    }
  }
}
