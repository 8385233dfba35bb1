import { createGuard, log, type Guard } from '@chaperone/core';
import { openaiModeration } from '@chaperone/moderators';
import type { Service } from './service.ts';

/** A guard that changes nothing, and writes a line of JSON for whatever a policy would have acted on. */
export function watchOnly(
  { apiKey, baseURL }: Pick<Service, 'apiKey' | 'baseURL'>,
  write: (line: string) => void,
): Guard {
  const guard: Guard = createGuard({
    moderators: [openaiModeration({ apiKey, baseURL })],
    fallback: log({ logger: { warn: () => {} } }), // the lines below say more
  });
  guard.on('flagged', ({ decision, context }) => {
    const findings = decision.findings.map(({ category, score, action, path }) => ({ category, score, action, path }));
    write(JSON.stringify({ event: 'flagged', stage: decision.stage, decision: decision.id, findings, ...context }));
  });
  guard.on('moderator-failed', ({ moderator, reason }) =>
    write(JSON.stringify({ event: 'moderator-failed', moderator, reason })),
  );
  return guard;
}
