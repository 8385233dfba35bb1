import { createGuard } from '@chaperone/core';
import { POLICY } from '../policy.ts';
import type { Scene } from './scene.ts';
import { turn } from './turn.ts';

export const moderatorDown: Scene = {
  title: 'The moderator is down: unchecked is not passed',
  guard: "whenUnchecked: 'block', the default; the moderation endpoint answers HTTP 503",
  script: 'Nobody will ever read this.',
  skipped: 'The real moderation endpoint cannot be told to fail.',
  async play(setting) {
    const guard = createGuard({ moderators: setting.service.moderators, policy: POLICY });
    setting.service.server?.fault('moderation', { kind: 'status', status: 503 });
    await turn({ ...setting, guard }, [{ role: 'user', content: 'Where can I eat by the sea?' }]);
    setting.service.server?.clearFaults();
  },
};
