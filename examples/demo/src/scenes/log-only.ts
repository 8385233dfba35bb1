import { createGuard, log } from '@chaperone/core';
import { POLICY } from '../policy.ts';
import { MARKER } from '../word-list.ts';
import type { Scene } from './scene.ts';
import { turn } from './turn.ts';

export const logOnly: Scene = {
  title: 'Log only: nothing is changed, nothing waits',
  guard: 'fallback: log()',
  script: `A ${MARKER} is a thing of the imagination.`,
  async play(setting) {
    const lines: string[] = [];
    const guard = createGuard({
      moderators: setting.service.moderators,
      policy: POLICY,
      fallback: log({ logger: { warn: (line) => void lines.push(line) } }),
    });
    await turn({ ...setting, guard }, [{ role: 'user', content: `What is a ${MARKER}? One sentence, please.` }]);
    for (const [index, line] of lines.entries()) setting.screen.row(index === 0 ? 'logged' : '', line);
  },
};
