import { withBesides } from './besides.ts';
import type { BodyForm } from './form.ts';
import { textAt } from '../../value.ts';

/** A body that says one thing: `{ message }` or `{ prompt }`. */
export function singleText(field: 'message' | 'prompt'): BodyForm {
  return {
    protocol({ headers }) {
      const accept = headers.get('accept') ?? '';
      if (accept.includes('text/event-stream')) return 'ui-message-stream';
      return accept.includes('application/json') ? 'json' : 'text';
    },
    read: ({ body = {} }) =>
      withBesides(
        [
          {
            role: 'user',
            path: field,
            segments: [{ kind: 'text', role: 'user', path: field, text: textAt(body, field) ?? '' }],
          },
        ],
        body,
        [field],
      ),
    rewrite: () => undefined, // there is no older turn that anything could be taken out of
    addFeedback: ({ body = {} }, feedback) => ({ ...body, [field]: `${textAt(body, field) ?? ''}\n\n${feedback}` }),
  };
}
