/** Area under the precision-recall curve (average precision), ties taken together. */
export function averagePrecision(scores: ArrayLike<number>, truths: ArrayLike<number>): number {
  const order = Array.from({ length: scores.length }, (_, at) => at).toSorted(
    (a, b) => (scores[b] ?? 0) - (scores[a] ?? 0),
  );
  let positives = 0;
  for (let at = 0; at < truths.length; at += 1) positives += truths[at] ?? 0;
  if (positives === 0) return Number.NaN;
  let hits = 0;
  let area = 0;
  let recall = 0;
  for (let at = 0; at < order.length;) {
    const score = scores[order[at] ?? 0];
    while (at < order.length && scores[order[at] ?? 0] === score) {
      hits += truths[order[at] ?? 0] ?? 0;
      at += 1;
    }
    const reached = hits / positives;
    area += (reached - recall) * (hits / at);
    recall = reached;
  }
  return area;
}
