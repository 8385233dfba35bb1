import { createGuard, reject, retry } from '@chaperone/core';
import { POLICY } from '../policy.ts';
import { MARKER } from '../word-list.ts';
import type { Scene } from './scene.ts';
import { turn } from './turn.ts';

export const retried: Scene = {
  title: 'A flagged reply is retried, and then clean',
  guard: 'output: { fallback: retry({ maxRetries: 2, otherwise: reject() }) }',
  script: [`They will ${MARKER} you at the door.`, 'They will greet you at the door.'],
  skipped: 'A real model cannot be told to say something flagged first and something clean then.',
  async play(setting) {
    const guard = createGuard({
      moderators: setting.service.moderators,
      policy: POLICY,
      output: { fallback: retry({ maxRetries: 2, otherwise: reject() }) },
    });
    await turn({ ...setting, guard }, [{ role: 'user', content: 'What will my hosts do?' }]);
  },
};
