import type { Row } from '../data.ts';
import { isPositive } from './ranking.ts';
import type { Subject } from './subject.ts';
import { percent, printTable } from './table.ts';

/** From which highest score, of all thirteen, the hosted model is asked: the `from` of the band of `cascade`. */
const FROM = [0.01, 0.02, 0.05, 0.1, 0.2];

/** What a cascade in front of a hosted model saves and costs. The labels stand for the hosted model. */
export function measureCascade(
  subject: Subject,
  everyday: readonly Row[],
  comments: readonly Row[],
  labelled: readonly Row[],
): void {
  const positives = labelled.filter(isPositive);
  const share = (rows: readonly Row[], from: number): number =>
    rows.filter(({ text }) => asks(subject, text, from)).length / rows.length;
  printTable('A cascade in front of a hosted model', [
    ['asked from', 'requests, everyday', 'requests, comments', 'requests, openai-public', 'recall kept'],
    ...FROM.map((from) => [
      String(from),
      percent(share(everyday, from)),
      percent(share(comments, from)),
      percent(share(labelled, from)),
      percent(share(positives, from)),
    ]),
  ]);
}

/** Also where the text is in another language and nothing in it is flagged: then the model has nothing to say. */
function asks(subject: Subject, text: string, from: number): boolean {
  const scores = subject.judged(text);
  return scores === undefined || Object.values(scores).some((score) => score >= from);
}
