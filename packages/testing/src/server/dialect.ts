import type { ResolvedAnswer } from './answer.ts';
import { completion, completionEvents, type StreamEvent } from './completion.ts';
import type { RecordedGenerationRequest } from './record.ts';
import { response, responseEvents } from './response.ts';
import { textCompletion, textCompletionEvents } from './text-completion.ts';

/** How an endpoint words what the model says. */
export interface Dialect {
  /** At once. */
  whole(answer: ResolvedAnswer): object;
  /** Piece by piece. */
  events(answer: ResolvedAnswer): readonly StreamEvent[];
}

/** The dialect in which a request is answered. */
export function dialectOf(record: RecordedGenerationRequest): Dialect {
  switch (record.endpoint) {
    case 'chat': {
      const { body } = record;
      return {
        whole: (answer) => completion(answer, body),
        events: (answer) => completionEvents(answer, body),
      };
    }
    case 'responses': {
      const { body } = record;
      return {
        whole: (answer) => response(answer, body),
        events: (answer) => responseEvents(answer, body),
      };
    }
    case 'completions': {
      const { body } = record;
      return {
        whole: (answer) => textCompletion(answer, body),
        events: (answer) => textCompletionEvents(answer, body),
      };
    }
  }
}
