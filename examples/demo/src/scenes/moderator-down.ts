import { createGuard, firstAvailable } from '@chaperone/core';
import { embedded } from '@chaperone/embedded';
import { openaiModeration } from '@chaperone/moderators';
import { startServer } from '@chaperone/testing';
import { EMBEDDED_TIERS, OPENAI_TIERS, rulesOf } from '../policy.ts';
import type { Scene } from './scene.ts';
import { turn, type Message } from './turn.ts';

const QUESTION: Message = { role: 'user', content: 'Where can I eat by the sea? One sentence, please.' };

export const moderatorDown: Scene = {
  title: 'The moderator is down: unchecked is not passed, unless another one can judge',
  guard: "whenUnchecked: 'block', the default; a local moderation endpoint answers HTTP 503",
  script: 'Try the place beside the lighthouse.',
  async play(setting) {
    // A moderation service of its own, since the real one cannot be told to fail: also with a key, only this one is down.
    await using down = await startServer();
    down.fault('moderation', { kind: 'status', status: 503 });
    const openai = openaiModeration({ apiKey: 'local', baseURL: down.url });

    const alone = createGuard({ moderators: [openai], policy: { categories: rulesOf(OPENAI_TIERS) } });
    await turn({ ...setting, guard: alone }, [QUESTION]);

    setting.screen.line();
    setting.screen.row(
      'guard',
      'moderators: [firstAvailable([openaiModeration(), embedded()])]; no retries, since another one stands by',
    );
    const backed = createGuard({
      moderators: [firstAvailable([openai, embedded()])],
      policy: { categories: rulesOf(OPENAI_TIERS), moderators: { embedded: rulesOf(EMBEDDED_TIERS) } },
      moderation: { retries: 0 },
    });
    await turn({ ...setting, guard: backed }, [QUESTION]);
  },
};
