import { createDeadlines, type Waiting } from './deadlines.ts';
import { covers, itemForMember } from './items.ts';
import { withMembers, type Ask, type Item, type Moderator } from './moderator.ts';
import { answered, type Question } from './question.ts';
import { sendRequest } from './request.ts';
import type { Seat, SeatParts } from './seat.ts';
import { createTelling } from './telling.ts';
import { failure, unsupportedBy, type Verdict } from './verdict.ts';

/**
 * Where a moderator that is made of others sits. What stands around a moderator stands around each of its members;
 * around itself there is only a deadline, the sum of theirs, in case that it never ends.
 * @param deadline in milliseconds
 */
export function createCompositeSeat(
  moderator: Moderator,
  members: ReadonlyMap<Moderator, Seat>,
  deadline: number,
  { events }: Pick<SeatParts, 'events'>,
): Seat {
  const names = withMembers(moderator.members ?? []).map(({ name }) => name);
  const telling = createTelling(events);
  const deadlines = createDeadlines<Waiting & { readonly end: () => void }>((late) => late.forEach(({ end }) => end()));
  return {
    moderator,
    remember: () => {}, // its members do
    ask(item, asker) {
      const asked: Question[] = [];
      let isOver = false;
      const askMember = (member: Moderator, given: Item): Question => {
        const seat = members.get(member);
        if (!seat || isOver) return answered(failure(member.name, seat ? 'aborted' : 'malformed'));
        if (!covers(member, given.segment)) return answered(unsupportedBy(member.name, 'kind'));
        const question = seat.ask(itemForMember(member, given), asker);
        asked.push(question);
        return question;
      };
      // What a member may flag is known to the compiler; at run time a seat knows moderators of any categories.
      const ask = (async (member, items) => Promise.all(items.map((given) => askMember(member, given).verdict))) as Ask;
      const { verdicts, stop } = sendRequest(moderator, [item], { ask }, names);
      const { promise: verdict, resolve } = Promise.withResolvers<Verdict>();
      const end = (verdict: Verdict): void => {
        if (isOver) return;
        isOver = true;
        deadlines.remove(waiting);
        asked.forEach((question) => question.leave());
        stop();
        resolve(verdict);
        // What its members failed at they have told themselves.
        if (verdict.status === 'failed' && !verdict.members && verdict.reason !== 'aborted')
          telling.failed([{ verdict, stage: item.stage }]);
      };
      const waiting = {
        until: performance.now() + deadline,
        end: () => end(failure(moderator.name, 'timeout')),
      };
      deadlines.add(waiting);
      void verdicts.then(([given]) => end(given ?? failure(moderator.name, 'malformed')));
      return { verdict, leave: () => end(failure(moderator.name, 'aborted')) };
    },
  };
}
