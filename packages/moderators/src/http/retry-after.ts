/**
 * After how many milliseconds the server wants to be asked again: `retry-after-ms` (OpenAI's own), else `Retry-After` in
 * seconds or as an HTTP date; 0 where it does not say, `undefined` where it says not to (`x-should-retry: false`).
 */
export function readRetryAfter(headers: Headers, now: number = Date.now()): number | undefined {
  if (headers.get('x-should-retry') === 'false') return undefined;
  const milliseconds = readNumber(headers.get('retry-after-ms'));
  if (milliseconds !== undefined) return milliseconds;
  const after = headers.get('retry-after');
  const seconds = readNumber(after);
  if (seconds !== undefined) return seconds * 1000;
  const date = after === null ? Number.NaN : Date.parse(after);
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}

function readNumber(value: string | null): number | undefined {
  return value !== null && /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}
