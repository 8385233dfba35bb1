import { createGuard } from '@chaperone/core';
import { rulesOf } from '../policy.ts';
import type { Scene } from './scene.ts';
import { turn } from './turn.ts';

export const clean: Scene = {
  title: 'A clean chat',
  guard: 'the defaults',
  script: 'Take the path along the cliffs: the light is best in the evening.',
  async play(setting) {
    const { moderators, tiers } = setting.service;
    const guard = createGuard({ moderators, policy: { categories: rulesOf(tiers) } });
    await turn({ ...setting, guard }, [
      { role: 'user', content: 'Where can I walk by the sea? One sentence, please.' },
    ]);
  },
};
