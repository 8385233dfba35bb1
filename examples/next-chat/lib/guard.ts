import { createGuard, reject, retry, type Guard } from '@chaperone/core';
import { openaiModeration } from '@chaperone/moderators';
import { service } from './service';

let made: Promise<Guard> | undefined;

export function chatGuard(): Promise<Guard> {
  return (made ??= make());
}

async function make(): Promise<Guard> {
  const { apiKey, baseURL } = await service();
  const guard: Guard = createGuard({
    moderators: [openaiModeration({ apiKey, baseURL })],
    output: { fallback: retry({ maxRetries: 1, otherwise: reject() }) },
  });
  guard.on('flagged', ({ decision }) => console.warn('flagged', decision.stage, decision.id));
  return guard;
}
