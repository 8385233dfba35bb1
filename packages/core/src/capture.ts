import type { Segment } from './chat/segment.ts';
import type { CapturedContent } from './events.ts';
import type { CaptureContent } from './options.ts';

/** What an event may carry of segments: nothing unless the user opted in. */
export async function capture(
  mode: CaptureContent,
  segments: Iterable<Segment>,
): Promise<readonly CapturedContent[] | undefined> {
  if (mode === 'none') return undefined;
  return Promise.all(
    [...segments].map(async ({ path, text = '' }) => ({
      path,
      length: text.length,
      ...(mode === 'full' ? { text } : { hash: await sha256(text) }),
    })),
  );
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
