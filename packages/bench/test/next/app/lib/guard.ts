import { createGuard, type Guard } from '@chaperone/core';
import { openaiModeration } from '@chaperone/moderators';

export const guard: Guard = createGuard({
  moderators: [openaiModeration({ apiKey: 'local', baseURL: process.env.OPENAI_BASE_URL ?? 'http://127.0.0.1:9/v1' })],
  message: 'Let us talk of something else.',
  // Without its memory: that a text is not judged twice is not for that alone.
  moderation: { cache: false },
});

// For whoever reads what the server writes.
guard.on('flagged', ({ decision }) => console.log(`flagged ${decision.stage}`));
guard.on('settled', ({ call, delivery }) => console.log(`settled ${call} ${delivery}`));
