import { attempt } from './attempt.ts';
import type { Call } from './chat/call.ts';
import { isChat, readContent, type Content } from './chat/content.ts';
import type { Message } from './chat/segment.ts';
import { judgeOlder } from './chat/opening.ts';
import { divide, inScope, targetsOf } from './chat/turns.ts';
import type { Stage } from './moderation/moderator.ts';
import type { Decision } from './policy/decision.ts';

/**
 * Judges content by itself: nothing is generated and no fallback is asked; holding back is the caller's. Of the
 * messages of a chat, the decision is about what is new since the assistant's last turn; older ones that the policy
 * would block are named in `omitted`.
 */
export async function checkContent(
  call: Call,
  content: Content,
  stage: Stage,
  unreadable: 'throw' | 'unchecked' = 'throw',
): Promise<Decision> {
  try {
    call.start();
    const judgement = call.judgement(stage);
    const { scopes } = call.parts;
    const read = (): readonly Message[] => readContent(content, stage);
    const readable = unreadable === 'throw' ? read() : attempt(read);
    if (!readable) judgement.unreadable('content');
    const messages = readable ?? [];
    if (stage === 'input' && isChat(content)) {
      const turns = divide(messages, scopes);
      const fresh = judgement.read(turns.fresh);
      fresh.catch(() => {}); // an abort is met again below
      judgement.omit((await judgeOlder(call, judgement, turns.older)).paths);
      await fresh;
    } else {
      // What somebody hands in to be checked is checked, whoever wrote it.
      const everything = { input: () => true, output: scopes.output };
      const scoped = messages.map((message) => inScope(message, everything, stage));
      await judgement.read(scoped.flatMap((message, index) => targetsOf(message, stage, () => scoped.slice(0, index))));
    }
    const decision = await judgement.decide();
    call.decided(stage, decision);
    call.settle('delivered');
    return decision;
  } catch (error) {
    throw call.settleWith(error);
  }
}
