import { createGuard } from '@chaperone/core';
import { POLICY } from '../policy.ts';
import { MARKER } from '../word-list.ts';
import type { Scene } from './scene.ts';
import { streamedTurn } from './turn.ts';

const CLEAN =
  'First the fog lifts from the harbour. Then the boats go out, one behind the other, and the gulls follow them.';

export const streamed: Scene = {
  title: 'A streamed reply: no chunk leaves before it was judged',
  guard: "output: { release: 'verified' }, the default: sentence by sentence",
  script: [CLEAN, `First the fog lifts from the harbour. Then a ${MARKER} comes out.`],
  async play(setting) {
    const guard = createGuard({ moderators: setting.service.moderators, policy: POLICY });
    await streamedTurn({ ...setting, guard }, [
      { role: 'user', content: 'Describe a morning at the sea, in two sentences.' },
    ]);
    if (!setting.service.server) return;
    setting.screen.line();
    await streamedTurn({ ...setting, guard }, [{ role: 'user', content: 'And a worse one?' }]);
  },
};
