import { createGuard } from '@chaperone/core';
import { rulesOf } from '../policy.ts';
import { INSULT } from '../texts.ts';
import type { Scene } from './scene.ts';
import { streamedTurn } from './turn.ts';

const CLEAN = 'The sun comes up behind the lighthouse. Then the boats go out, one by one, and the water turns blue.';

export const streamed: Scene = {
  title: 'A streamed reply: no chunk leaves before it was judged',
  guard: "output: { release: 'verified' }, the default: sentence by sentence",
  script: [CLEAN, `The sun comes up behind the lighthouse. ${INSULT}`],
  async play(setting) {
    const { moderators, tiers } = setting.service;
    const guard = createGuard({ moderators, policy: { categories: rulesOf(tiers) } });
    await streamedTurn({ ...setting, guard }, [
      { role: 'user', content: 'Describe a morning at the sea, in two sentences.' },
    ]);
    if (!setting.service.server) return;
    setting.screen.line();
    await streamedTurn({ ...setting, guard }, [{ role: 'user', content: 'And a worse one?' }]);
  },
};
