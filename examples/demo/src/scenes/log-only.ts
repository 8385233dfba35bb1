import { createGuard, log } from '@chaperone/core';
import { rulesOf } from '../policy.ts';
import { INSULT } from '../texts.ts';
import type { Scene } from './scene.ts';
import { turn } from './turn.ts';

export const logOnly: Scene = {
  title: 'Log only: nothing is changed, nothing waits',
  guard: 'fallback: log()',
  script: `At seven. ${INSULT}`,
  async play(setting) {
    const { moderators, tiers } = setting.service;
    const lines: string[] = [];
    const guard = createGuard({
      moderators,
      policy: { categories: rulesOf(tiers) },
      fallback: log({ logger: { warn: (line) => void lines.push(line) } }),
    });
    await turn({ ...setting, guard }, [{ role: 'user', content: `When does the ferry leave? ${INSULT}` }]);
    for (const [index, line] of lines.entries()) setting.screen.row(index === 0 ? 'logged' : '', line);
  },
};
