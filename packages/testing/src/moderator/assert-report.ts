import type { Report } from '@chaperone/core';
import assert from 'node:assert/strict';

const STATUSES: readonly string[] = ['clear', 'flagged', 'failed', 'unsupported'];
const FAILURES: readonly string[] = ['timeout', 'unavailable', 'malformed', 'refused', 'denied', 'quota', 'aborted'];
const GAPS: readonly string[] = ['kind', 'language', 'too-large'];

/** Fails unless these are reports as a guard takes them, one for each of so many items. */
export function assertReports(reports: readonly Report[], items: number): void {
  assert.equal(Array.isArray(reports), true, `moderate() must answer with a list of reports, not ${typeof reports}`);
  assert.equal(reports.length, items, 'moderate() must answer with one report per item');
  for (const report of reports) assertReport(report);
}

/** Fails unless this is data alone: what can be logged, stored and sent without loss. */
export function assertPlainData(value: unknown, path: string): void {
  if (value === null || value === undefined || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number')
    return assert.ok(Number.isFinite(value), `${path} is ${value}, which JSON cannot hold`);
  assert.equal(typeof value, 'object', `${path} is a ${typeof value}, which JSON cannot hold`);
  const prototype: unknown = Object.getPrototypeOf(value);
  assert.ok(
    Array.isArray(value) || prototype === Object.prototype || prototype === null,
    `${path} is an object of a class, which JSON cannot hold`,
  );
  for (const [key, inner] of Object.entries(value)) assertPlainData(inner, `${path}.${key}`);
}

function assertReport(report: Report): void {
  assert.ok(STATUSES.includes(report.status), `${report.status} is not a status of a report`);
  switch (report.status) {
    case 'failed':
      return assert.ok(FAILURES.includes(report.reason), `${report.reason} is not a reason to fail`);
    case 'unsupported':
      return assert.ok(GAPS.includes(report.reason), `${report.reason} is not a reason not to cover an item`);
    case 'flagged':
    case 'clear':
      break;
  }
  assert.ok(
    Array.isArray(report.flagged) && report.flagged.every((category) => typeof category === 'string'),
    'flagged must be a list of category names',
  );
  if (report.status === 'clear') assert.deepEqual(report.flagged, [], 'a clear report must flag no category');
  for (const [category, score] of Object.entries(report.scores))
    assert.ok(
      typeof score === 'number' && score >= 0 && score <= 1,
      `the score of ${category} must be a number from 0 to 1, not ${String(score)}`,
    );
}
