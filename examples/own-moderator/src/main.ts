import { createGuard } from '@chaperone/core';
import { cardNumbers } from './card-numbers.ts';

const guard = createGuard({
  moderators: [cardNumbers()],
  message: { input: { 'card-number': 'Please do not send card numbers here.' } }, // the category completes in your editor
});
for (const text of ['My order is 12345.', 'My card is 4111 1111 1111 1111.']) {
  const { action, message } = await guard.check(text);
  console.log(text, '→', action, message);
}
