import { borderFrom, cutBefore } from '../cut.ts';
import { memberOf } from '../look-up.ts';
import { flaggedBy, isJudged, type Judged, type Span, type Verdict } from './verdict.ts';

/** A stretch of a text that is judged by itself, with what stands before it. */
export interface Piece {
  readonly text: string;
  readonly before: string;
  /** Where `text` stands in the whole text. */
  readonly span: Span;
}

/** Characters that pieces of a long text share unless a moderator wants more, so that a phrase across a cut is found. */
export const OVERLAP = 200;

/** What was said of one piece, or, with spans of its own, of several. */
export interface PieceVerdict<V extends Verdict = Verdict> {
  readonly verdict: V;
  readonly span: Span;
}

/**
 * Cuts a text that is longer than a moderator takes. The pieces' texts join to the text, and none is empty unless it is.
 * None is longer than `maxCharacters` together with its `before`: the last `overlap` characters of all that stands before
 * it, a few less where a grapheme would be cut, and less than half of `maxCharacters`. So what lies across a cut and is
 * no longer than that stands whole in one piece. What fits is one piece, as it is.
 *
 * @param maxCharacters - A whole number from 1, as `overlap` is one from 0.
 */
export function piecesOf(text: string, before: string, maxCharacters: number, overlap: number): readonly Piece[] {
  if (before.length + text.length <= maxCharacters) return [{ text, before, span: { start: 0, end: text.length } }];
  const whole = before + text;
  const repeated = Math.min(overlap, Math.floor((maxCharacters - 1) / 2)); // leaves room for a surrogate pair
  const pieces: Piece[] = [];
  let from = 0;
  let start = before.length;
  do {
    from = borderFrom(whole, from, Math.max(from, start - repeated), start);
    const room = maxCharacters - (start - from);
    const end = start + cutBefore(whole.slice(start), (room - 1) / 2, room); // half full at least: few pieces
    pieces.push({
      text: whole.slice(start, end),
      before: whole.slice(from, start),
      span: { start: start - before.length, end: end - before.length },
    });
    start = end;
  } while (start < whole.length); // never none: what goes unasked would go unjudged
  return pieces;
}

/**
 * What a moderator says of a whole text that it judged in pieces: flagged where one piece is, with the highest scores,
 * and `spans` says which piece each category is from. Whatever else it says is from the first flagged piece that says
 * it, else from the first of all. What could not be judged stands beside it, once for each reason. The verdict on an
 * only piece is as it is.
 */
export function mergeVerdicts(pieces: readonly PieceVerdict[]): readonly Verdict[] {
  if (pieces.length === 1) return pieces.map(({ verdict }) => verdict);
  const alike = Map.groupBy(pieces, ({ verdict }) =>
    JSON.stringify([verdict.moderator, isJudged(verdict) || [verdict.status, verdict.reason]]),
  );
  return [...alike.values()].flatMap((group) => {
    const judged = group.filter(isOfJudged);
    return judged.length > 0 ? mergeJudged(judged) : group.slice(0, 1).map(({ verdict }) => verdict);
  });
}

function isOfJudged(piece: PieceVerdict): piece is PieceVerdict<Judged> {
  return isJudged(piece.verdict);
}

function mergeJudged(pieces: readonly PieceVerdict<Judged>[]): Judged {
  // Maps, for a category may have the name of something that every object has.
  const scores = new Map<string, number>();
  /** Flagged without a score, which counts as 1 and is not less for what another piece says. */
  const certain = new Set<string>();
  const best = new Map<string, { readonly weight: number; readonly span: Span }>();
  const weigh = (category: string, weight: number, span: Span): void => {
    if (weight > (best.get(category)?.weight ?? -1)) best.set(category, { weight, span });
  };
  for (const { verdict, span } of pieces) {
    const flagged = new Set(flaggedBy(verdict));
    const spanOf = (category: string): Span => memberOf<Span | undefined>(verdict.spans, category) ?? span;
    for (const category of flagged) {
      const isCertain = memberOf<number | undefined>(verdict.scores, category) === undefined;
      if (isCertain) certain.add(category);
      weigh(category, isCertain ? 4 : 2, spanOf(category)); // more than any score
    }
    for (const [category, score] of Object.entries(verdict.scores)) {
      if (score === undefined) continue;
      scores.set(category, Math.max(score, scores.get(category) ?? 0));
      weigh(category, flagged.has(category) ? 2 + score : score, spanOf(category));
    }
  }
  const verdicts = pieces.map(({ verdict }) => verdict);
  const byWeight = [...verdicts.filter(({ status }) => status === 'flagged'), ...verdicts];
  return {
    ...byWeight.reduceRight((rest, verdict) => ({ ...rest, ...verdict })),
    flagged: [...new Set(verdicts.flatMap(flaggedBy))],
    scores: Object.fromEntries([...scores].filter(([category, score]) => score === 1 || !certain.has(category))),
    spans: Object.fromEntries([...best].map(([category, { span }]) => [category, span])),
  };
}
