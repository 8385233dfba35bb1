import { createGuard, reject, retry } from '@chaperone/core';
import { rulesOf } from '../policy.ts';
import { INSULT } from '../texts.ts';
import type { Scene } from './scene.ts';
import { turn } from './turn.ts';

export const retriesUsedUp: Scene = {
  title: 'A flagged reply is rejected after its retries',
  guard: 'output: { fallback: retry({ maxRetries: 2, otherwise: reject() }) }',
  script: `Ask them yourself. ${INSULT}`,
  skipped: 'A real model cannot be told to say something flagged three times.',
  async play(setting) {
    const { moderators, tiers } = setting.service;
    const guard = createGuard({
      moderators,
      policy: { categories: rulesOf(tiers) },
      output: { fallback: retry({ maxRetries: 2, otherwise: reject() }) },
    });
    await turn({ ...setting, guard }, [{ role: 'user', content: 'And what will my other hosts do?' }]);
  },
};
