import { createGuard, reject, retry } from '@chaperone/core';
import { rulesOf } from '../policy.ts';
import { INSULT } from '../texts.ts';
import type { Scene } from './scene.ts';
import { turn } from './turn.ts';

export const retried: Scene = {
  title: 'A flagged reply is retried, and then clean',
  guard: 'output: { fallback: retry({ maxRetries: 2, otherwise: reject() }) }',
  script: [`Ask them yourself. ${INSULT}`, 'They will meet you at the station, and dinner is at seven.'],
  skipped: 'A real model cannot be told to say something flagged first and something clean then.',
  async play(setting) {
    const { moderators, tiers } = setting.service;
    const guard = createGuard({
      moderators,
      policy: { categories: rulesOf(tiers) },
      output: { fallback: retry({ maxRetries: 2, otherwise: reject() }) },
    });
    await turn({ ...setting, guard }, [{ role: 'user', content: 'What will my hosts do?' }]);
  },
};
