import { onAbort } from '../abort.ts';
import type { Message, SegmentKind } from '../chat/segment.ts';
import { getOrAdd } from '../look-up.ts';
import { createCompositeSeat } from './composite-seat.ts';
import { covers, itemFor, readsWhole, type Target } from './items.ts';
import type { Limits } from './limits.ts';
import { byStage, withMembers, type CallContext, type Moderator, type Stage } from './moderator.ts';
import { mergeVerdicts, OVERLAP, piecesOf, type Piece } from './pieces.ts';
import type { Question } from './question.ts';
import { createSeat, type Seat, type SeatParts } from './seat.ts';
import { isJudged, unsupportedBy, type PlacedVerdict, type Verdict } from './verdict.ts';

/** What the moderators say of one target. Empty: none of them covers it. */
export type Opinions = readonly PlacedVerdict[];

/** Whose targets they are. */
export interface PanelCall {
  readonly signal: AbortSignal;
  readonly context: CallContext;
  /** Whether somebody waits for the verdicts. */
  readonly isAwaited: boolean;
  /** What the moderator of that name is known to say of all the text among them: it is not asked. */
  readonly own?: Verdict | undefined;
}

/** The moderators of both stages, each in its seat; one that sits at both has one seat. */
export interface Panel {
  /**
   * Asks every moderator of the stage about each target that it covers. One promise a target, in order, so that a
   * caller can go on with what is known already; none rejects. An abort only ends the waiting of this caller.
   */
  ask(targets: readonly Target[], call: PanelCall): Promise<Opinions>[];
  /** Remembers what was said of a text, however it was judged, for when it is asked about as a whole. */
  remember(target: Target, verdicts: readonly Verdict[], context: CallContext): void;
}

export interface PanelOptions extends SeatParts {
  readonly limitsFor: (moderator: string) => Limits;
  /** The longest text that is judged at all. */
  readonly maxCharacters: number;
}

/** What a provider's own verdict speaks of: calls of tools and what nobody reads may have been left out of it. */
const WORDS: readonly SegmentKind[] = ['text', 'refusal'];

/** More milliseconds than its members may take in all, for what a moderator that is made of them does itself. */
const ASIDE = 25;

export function createPanel(
  moderators: { readonly [S in Stage]: readonly Moderator[] },
  { limitsFor, maxCharacters, ...parts }: PanelOptions,
): Panel {
  const taken = new Map<Moderator, Seat>();
  const deadlineOf = ({ name, members }: Moderator): number =>
    members ? members.reduce((sum, member) => sum + deadlineOf(member), ASIDE) : limitsFor(name).deadline;
  const seatFor = (moderator: Moderator): Seat =>
    getOrAdd(taken, moderator, () => {
      const { name, members } = moderator;
      if (!members) return createSeat(moderator, limitsFor(name), parts);
      const seats = new Map(members.map((member) => [member, seatFor(member)]));
      return createCompositeSeat(moderator, seats, deadlineOf(moderator), parts);
    });
  const seats = byStage((stage) => moderators[stage].map(seatFor));

  /** What a moderator is asked of a long text. */
  const piecesFor = (
    { maxCharacters: most = Infinity, span = 0 }: Moderator,
    { segment, before = '' }: Target,
  ): readonly Piece[] => piecesOf(segment.text ?? '', before, most, Math.max(OVERLAP, span));

  return {
    remember(target, verdicts, context) {
      const judged = new Map(verdicts.filter(isJudged).map((verdict) => [verdict.moderator, verdict]));
      for (const { moderator: seated } of seats[target.stage])
        for (const moderator of withMembers([seated])) {
          const verdict = judged.get(moderator.name);
          if (!verdict || moderator.members || readsWhole(moderator) || !covers(moderator, target.segment)) continue;
          const { spans: _, ...known } = verdict;
          for (const { text, before } of piecesFor(seated, target)) {
            const piece = { ...target, segment: { ...target.segment, text }, before };
            taken.get(moderator)?.remember(itemFor(moderator, piece), known, context);
          }
        }
    },
    ask(targets, { signal, own, ...asker }) {
      const questions: Question[] = [];
      const asked = new Map<Seat, Map<Message, Question>>();
      const ask = ({ moderator, ask: askSeat }: Seat, target: Target): Question => {
        const question = askSeat(itemFor(moderator, target), asker);
        questions.push(question);
        return question;
      };
      /** Its verdict on a whole message speaks for each segment of it, and is asked for once. */
      const askOnce = (seat: Seat, target: Target): Question => {
        if (!readsWhole(seat.moderator) || seat.moderator.members) return ask(seat, target);
        const byMessage = getOrAdd(asked, seat, () => new Map<Message, Question>());
        return getOrAdd(byMessage, target.message, () => ask(seat, target));
      };
      /** What one moderator says of a target: of a long text, what it says of its pieces. */
      const verdictsOf = async (seat: Seat, target: Target): Promise<readonly Verdict[]> => {
        const { moderator } = seat;
        const { segment, before = '' } = target;
        if (own?.moderator === moderator.name && WORDS.includes(segment.kind)) {
          // Of all texts together: one of them alone may be innocent.
          if (own.status === 'clear') this.remember(target, [own], asker.context);
          return [own];
        }
        const { text = '' } = segment;
        if (text.length > maxCharacters) return [unsupportedBy(moderator.name, 'too-large')];
        const most = moderator.maxCharacters ?? Infinity;
        if (before.length + text.length <= most || (readsWhole(moderator) && !moderator.members))
          return [await askOnce(seat, target).verdict];
        const { image, ...textOnly } = segment;
        const pieces = piecesFor(moderator, target).map((piece, index) => ({
          span: piece.span,
          verdict: ask(seat, {
            ...target,
            segment: Object.freeze({ ...textOnly, text: piece.text, ...(index === 0 && image && { image }) }), // judged once
            before: piece.before,
          }).verdict,
        }));
        return mergeVerdicts(
          await Promise.all(pieces.map(async ({ span, verdict }) => ({ span, verdict: await verdict }))),
        );
      };
      const opinions = targets.map(async (target) => {
        const said = await Promise.all(
          seats[target.stage]
            .filter(({ moderator }) => covers(moderator, target.segment))
            .map((seat) => verdictsOf(seat, target)),
        );
        return said.flat().map((verdict) => ({ ...verdict, path: target.segment.path }));
      });
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
