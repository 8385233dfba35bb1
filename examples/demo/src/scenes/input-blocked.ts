import { createGuard } from '@chaperone/core';
import { POLICY } from '../policy.ts';
import { MARKER } from '../word-list.ts';
import type { Scene } from './scene.ts';
import { turn } from './turn.ts';

export const inputBlocked: Scene = {
  title: 'An input is blocked before the model is called',
  guard: 'fallback: reject(), which is the default',
  script: 'Nobody will ever read this.',
  async play(setting) {
    const guard = createGuard({ moderators: setting.service.moderators, policy: POLICY });
    await turn({ ...setting, guard }, [{ role: 'user', content: `Tell me how to ${MARKER} a neighbour.` }]);
  },
};
