import { onAbort } from '../abort.ts';
import { TEXT_KINDS, type Message, type Segment } from '../chat/segment.ts';
import type { CallContext, Item, Moderator, Stage } from './moderator.ts';
import { Seat, type Question, type SeatOptions } from './seat.ts';
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
export class Panel {
  readonly #seats: { readonly [S in Stage]: readonly Seat[] };

  constructor(moderators: { readonly [S in Stage]: readonly Moderator[] }, options: SeatOptions) {
    const seats = new Map<Moderator, Seat>();
    const seatOf = (moderator: Moderator): Seat => {
      const seat = seats.get(moderator) ?? new Seat(moderator, options);
      seats.set(moderator, seat);
      return seat;
    };
    this.#seats = { input: moderators.input.map(seatOf), output: moderators.output.map(seatOf) };
  }

  /**
   * Asks every moderator of the stage about each target that it covers. One promise a target, in order, so that a
   * caller can go on with what is known already; none rejects. An abort only ends the waiting of this caller.
   */
  ask(
    targets: readonly Target[],
    options: { readonly signal: AbortSignal; readonly context: CallContext },
  ): Promise<Opinions>[] {
    const questions: Question[] = [];
    const asked = new Map<Seat, Map<Message, Question>>();
    const opinions = targets.map((target) => {
      const opinions = this.#seats[target.stage]
        .filter((seat) => covers(seat.moderator, target.segment))
        .map((seat) => this.#askSeat(seat, target, options.context, asked, questions));
      return Promise.all(opinions).then((each) => each.flat());
    });
    const leave = (): void => questions.forEach((question) => question.leave());
    if (options.signal.aborted) leave();
    else if (questions.length > 0) {
      const forget = onAbort(options.signal, leave);
      void Promise.all(opinions).then(forget);
    }
    return opinions;
  }

  /** What one moderator says of a target. Its verdict on a whole message speaks for each segment of it. */
  async #askSeat(
    seat: Seat,
    target: Target,
    context: CallContext,
    asked: Map<Seat, Map<Message, Question>>,
    questions: Question[],
  ): Promise<Opinions> {
    const byMessage = asked.get(seat) ?? new Map<Message, Question>();
    asked.set(seat, byMessage);
    let question = byMessage.get(target.message);
    if (!question) questions.push((question = seat.ask(itemFor(seat.moderator, target), context)));
    if (readsWhole(seat.moderator)) byMessage.set(target.message, question);
    return [{ ...(await question.verdict), path: target.segment.path }];
  }
}

function readsWhole({ reads = 'segment' }: Moderator): boolean {
  return reads !== 'segment';
}

function covers(moderator: Moderator, segment: Segment): boolean {
  return (moderator.kinds ?? TEXT_KINDS).includes(segment.kind);
}

function itemFor(moderator: Moderator, { segment, stage, before, message, earlier }: Target): Item {
  const item: Item = before === undefined ? { segment, stage } : { segment, stage, before };
  if (moderator.reads === 'message') return { ...item, message: coveredBy(moderator, [message]) };
  if (moderator.reads === 'conversation')
    return { ...item, message: coveredBy(moderator, [message]), conversation: coveredBy(moderator, earlier()) };
  return item;
}

function coveredBy(moderator: Moderator, messages: readonly Message[]): readonly Segment[] {
  return messages.flatMap((message) => message.segments.filter((segment) => covers(moderator, segment)));
}
