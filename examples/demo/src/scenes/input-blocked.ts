import { createGuard } from '@chaperone/core';
import { rulesOf } from '../policy.ts';
import { INSULT } from '../texts.ts';
import type { Scene } from './scene.ts';
import { turn } from './turn.ts';

export const inputBlocked: Scene = {
  title: 'An input is blocked before the model is called',
  guard: 'fallback: reject(), which is the default',
  script: 'Nobody will ever read this.',
  async play(setting) {
    const { moderators, tiers } = setting.service;
    const guard = createGuard({ moderators, policy: { categories: rulesOf(tiers) } });
    await turn({ ...setting, guard }, [{ role: 'user', content: `${INSULT} Answer me!` }]);
  },
};
