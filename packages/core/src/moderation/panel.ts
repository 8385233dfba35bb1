import { onAbort } from '../abort.ts';
import { TEXT_KINDS, type Message, type Segment } from '../chat/segment.ts';
import { getOrAdd } from '../look-up.ts';
import { byStage, type CallContext, type Item, type Moderator, type Stage } from './moderator.ts';
import { createSeat, type Question, type Seat, type SeatOptions } from './seat.ts';
import type { PlacedVerdict } from './verdict.ts';

/** A segment to be judged, and what stands around it. */
export interface Target {
  readonly segment: Segment;
  readonly stage: Stage;
  readonly before?: string;
  /** The message that it is part of, by identity. */
  readonly message: Message;
  /** The messages before that one, for moderators that read the conversation. */
  readonly earlier: () => readonly Message[];
}

/** What the moderators say of one target. Empty: none of them covers it. */
export type Opinions = readonly PlacedVerdict[];

/** The moderators of both stages, each in its seat; one that sits at both has one seat. */
export interface Panel {
  /**
   * Asks every moderator of the stage about each target that it covers. One promise a target, in order, so that a
   * caller can go on with what is known already; none rejects. An abort only ends the waiting of this caller.
   */
  ask(
    targets: readonly Target[],
    options: { readonly signal: AbortSignal; readonly context: CallContext },
  ): Promise<Opinions>[];
}

export function createPanel(moderators: { readonly [S in Stage]: readonly Moderator[] }, options: SeatOptions): Panel {
  const taken = new Map<Moderator, Seat>();
  const seats = byStage((stage) =>
    moderators[stage].map((moderator) => getOrAdd(taken, moderator, () => createSeat(moderator, options))),
  );
  return {
    ask(targets, { signal, context }) {
      const questions: Question[] = [];
      const asked = new Map<Seat, Map<Message, Question>>();
      /** What one moderator says of a target. Its verdict on a whole message speaks for each segment of it. */
      const opinionOf = async (seat: Seat, target: Target): Promise<PlacedVerdict> => {
        const ask = (): Question => {
          const question = seat.ask(itemFor(seat.moderator, target), context);
          questions.push(question);
          return question;
        };
        const byMessage = getOrAdd(asked, seat, () => new Map<Message, Question>());
        const question = readsWhole(seat.moderator) ? getOrAdd(byMessage, target.message, ask) : ask();
        return { ...(await question.verdict), path: target.segment.path };
      };
      const opinions = targets.map((target) =>
        Promise.all(
          seats[target.stage]
            .filter(({ moderator }) => covers(moderator, target.segment))
            .map((seat) => opinionOf(seat, target)),
        ),
      );
      const leave = (): void => questions.forEach((question) => question.leave());
      if (signal.aborted) leave();
      else if (questions.length > 0) {
        const forget = onAbort(signal, leave);
        void Promise.all(opinions).then(forget);
      }
      return opinions;
    },
  };
}

function readsWhole({ reads = 'segment' }: Moderator): boolean {
  return reads !== 'segment';
}

function covers(moderator: Moderator, segment: Segment): boolean {
  return (moderator.kinds ?? TEXT_KINDS).includes(segment.kind);
}

function itemFor(moderator: Moderator, { segment, stage, before, message, earlier }: Target): Item {
  return {
    segment,
    stage,
    ...(before !== undefined && { before }),
    ...(readsWhole(moderator) && { message: coveredBy(moderator, [message]) }),
    ...(moderator.reads === 'conversation' && { conversation: coveredBy(moderator, earlier()) }),
  };
}

function coveredBy(moderator: Moderator, messages: readonly Message[]): readonly Segment[] {
  return messages.flatMap((message) => message.segments.filter((segment) => covers(moderator, segment)));
}
