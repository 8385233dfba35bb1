import { createGuard } from '@chaperone/core';
import { rulesOf } from '../policy.ts';
import { INSULT } from '../texts.ts';
import type { Scene } from './scene.ts';
import { turn, type Message } from './turn.ts';

export const secondTurn: Scene = {
  title: 'A second turn after a block: the chat goes on, the model never sees the blocked turn',
  guard: 'the defaults',
  script: 'At seven, if the tide allows it.',
  async play(setting) {
    const { moderators, tiers } = setting.service;
    const guard = createGuard({ moderators, policy: { categories: rulesOf(tiers) } });
    const first: Message = { role: 'user', content: `${INSULT} When does the ferry leave?` };
    const refusal: Message = { role: 'assistant', content: await turn({ ...setting, guard }, [first]) };
    setting.screen.line();
    await turn({ ...setting, guard }, [
      first,
      refusal,
      { role: 'user', content: 'When does the ferry leave, please?' },
    ]);
  },
};
