import { createGuard } from '@chaperone/core';
import { POLICY } from '../policy.ts';
import { MARKER } from '../word-list.ts';
import type { Scene } from './scene.ts';
import { turn, type Message } from './turn.ts';

export const secondTurn: Scene = {
  title: 'A second turn after a block: the chat goes on, the model never sees the blocked turn',
  guard: 'the defaults',
  script: 'At seven, if the tide allows it.',
  async play(setting) {
    const guard = createGuard({ moderators: setting.service.moderators, policy: POLICY });
    const first: Message = { role: 'user', content: `When do we ${MARKER} the neighbours?` };
    const refusal: Message = { role: 'assistant', content: await turn({ ...setting, guard }, [first]) };
    setting.screen.line();
    await turn({ ...setting, guard }, [first, refusal, { role: 'user', content: 'When does the ferry leave, then?' }]);
  },
};
