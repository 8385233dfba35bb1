import { APIError } from 'openai';
import { rulesInWords } from '../policy.ts';
import type { Screen } from '../screen.ts';
import type { Service } from '../service.ts';
import { clean } from './clean.ts';
import { inputBlocked } from './input-blocked.ts';
import { logOnly } from './log-only.ts';
import { moderatorDown } from './moderator-down.ts';
import { retried } from './retried.ts';
import { retriesUsedUp } from './retries-used-up.ts';
import type { Scene } from './scene.ts';
import { secondTurn } from './second-turn.ts';
import { sideBySide } from './side-by-side.ts';
import { streamed } from './streamed.ts';

const SCENES: readonly Scene[] = [
  clean,
  inputBlocked,
  retried,
  retriesUsedUp,
  logOnly,
  streamed,
  sideBySide,
  moderatorDown,
  secondTurn,
];

/** Plays every scene that can be played here. Gives the exit code. */
export async function playScenes(service: Service, screen: Screen): Promise<number> {
  screen.title('Chaperone: guarded chat completions');
  screen.paragraph(service.introduction);
  screen.paragraph(`Policy of every scene: ${rulesInWords(service.tiers)}.`);
  // Slow enough to be watched, and to see who waits for whom.
  service.server?.setTiming({ reply: 80, firstToken: 120, perToken: 20 });
  let failures = 0;
  for (const [index, scene] of SCENES.entries()) {
    screen.line();
    screen.title(`${index + 1}  ${scene.title}`);
    if (!service.server && scene.skipped) {
      screen.paragraph(`Skipped: ${scene.skipped}`, 2);
      continue;
    }
    service.server?.setChat(scene.script);
    screen.row('guard', scene.guard);
    try {
      await scene.play({ service, screen });
    } catch (error) {
      if (!(error instanceof APIError)) throw error;
      failures += 1;
      // Without its message: a service may quote in it what it was asked, or a key.
      screen.row('failed', `${error.constructor.name}${error.status === undefined ? '' : `, HTTP ${error.status}`}`);
    }
  }
  return failures > 0 ? 1 : 0;
}
