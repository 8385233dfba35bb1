import { createGuard, type GuardOptions, type Moderator } from '@chaperone/core';
import { openaiModeration } from '@chaperone/moderators';
import { guardFetch } from '@chaperone/openai';
import { startServer, type TestServer } from '@chaperone/testing';
import { interleave, median } from '../rounds.ts';
import type { Row } from '../table.ts';

/** Milliseconds: an answer of the moderation endpoint, the first token of a stream, and each one after it. */
const MODERATION = 150;
const FIRST_TOKEN = 200;
const PER_TOKEN = 5;
const WORDS = 'the slithy toves did gyre and gimble in the wabe all mimsy were borogoves'.split(' ');

let said = 0;

/** So many characters of sentences of about 60, no two replies alike. */
function replyOf(length: number): string {
  let text = '';
  for (let at = ++said, number = 0; text.length < length; at += 7)
    text += `${said} and ${++number} ${Array.from({ length: 9 }, (_, index) => WORDS[(at + index) % WORDS.length]).join(' ')}. `;
  return text.slice(0, length);
}

/** One stream as its reader sees it, in milliseconds from the request. */
interface Seen {
  readonly first: number;
  readonly end: number;
  readonly longestPause: number;
  readonly text: string;
}

async function read(send: typeof fetch, url: string): Promise<Seen> {
  const begin = performance.now();
  const response = await send(`${url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer none' },
    body: JSON.stringify({
      model: 'scripted',
      stream: true,
      messages: [{ role: 'user', content: `Question ${++said}` }],
    }),
  });
  if (!response.ok || !response.body) throw new Error(`The stream answered ${response.status}.`);
  let first = 0;
  let latest = 0;
  let longestPause = 0;
  let text = '';
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of response.body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const content = /^data: \{.*"content":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
      if (content === undefined || content === '') continue;
      text += content;
      const now = performance.now() - begin;
      first ||= now;
      if (latest > 0) longestPause = Math.max(longestPause, now - latest);
      latest = now;
    }
  }
  return { first, end: performance.now() - begin, longestPause, text };
}

/** What a guard costs a streamed reply: time, moderation, requests. */
export async function measureStreams(rounds: number): Promise<readonly Row[]> {
  let reply = '';
  const server = await startServer({
    timing: { firstToken: FIRST_TOKEN, perToken: PER_TOKEN, moderation: MODERATION },
    chat: () => ({ content: (reply = replyOf(1_700)) }),
  });
  try {
    const moderators: Moderator[] = [openaiModeration({ apiKey: 'none', baseURL: server.url })];
    const guarded = (options: Partial<GuardOptions> = {}): typeof fetch =>
      guardFetch(fetch, createGuard({ moderators, input: { timing: 'during' }, ...options }));
    const during = guarded();
    const first: number[] = [];
    const pauses: number[] = [];
    const seen = (send: typeof fetch) => async (): Promise<number> => {
      const came = await read(send, server.url);
      if (came.text !== reply) throw new Error('The stream is not the one that was generated.');
      if (send === during) {
        // Until the first window is full: its first sentence, word by word.
        const sentence = reply.slice(0, reply.indexOf('. ') + 2).split(' ').length - 1;
        first.push(came.first - FIRST_TOKEN - sentence * PER_TOKEN);
        pauses.push(came.longestPause);
      }
      return came.end - reply.split(' ').length * PER_TOKEN; // no two replies are equally long
    };
    await Promise.all([read(fetch, server.url), read(during, server.url)]);
    const before = server.moderationRequests.length;
    const ends = await interleave(rounds, { unguarded: seen(fetch), guarded: seen(during) });
    const requests = (server.moderationRequests.length - before) / rounds - 1; // one is the input's

    return [
      {
        what: "stream, 'during': (first text − T − F) / M",
        limit: 1,
        goal: 1.05,
        measured: median(first) / MODERATION,
        digits: 3,
      },
      {
        what: 'stream: (end − unguarded end) / M',
        limit: 1,
        goal: 1.1,
        measured: (median(ends.guarded) - median(ends.unguarded)) / MODERATION,
        digits: 3,
      },
      { what: '  longest pause that a reader sees', measured: median(pauses), unit: 'ms', digits: 0 },
      { what: 'moderation requests for 1,700 characters', goal: 8, measured: requests, digits: 1 },
      ...(await measureCost(server, guarded)),
      ...(await measureSlow(server, guarded())),
    ];
  } finally {
    await server.close();
  }
}

/** Characters that were moderated, of those of a reply. */
async function measureCost(
  server: TestServer,
  guarded: (options?: Partial<GuardOptions>) => typeof fetch,
): Promise<Row[]> {
  server.setTiming({ firstToken: 1, perToken: 0, moderation: 1 });
  const cost = async (length: number, send: typeof fetch): Promise<number> => {
    server.setChat(() => ({ content: replyOf(length) }));
    const before = server.moderated.length;
    const { text } = await read(send, server.url);
    const judged = server.moderated.slice(before).filter((each) => !each.startsWith('Question'));
    return judged.reduce((sum, each) => sum + each.length, 0) / text.length;
  };
  return [
    { what: 'characters moderated / reply, 1,000', limit: 1, goal: 1.3, measured: await cost(1_000, guarded()) },
    { what: 'characters moderated / reply, 50,000', limit: 1, goal: 1.3, measured: await cost(50_000, guarded()) },
    {
      what: '  with recheck, 10,000',
      limit: 2,
      goal: 2.4,
      measured: await cost(10_000, guarded({ output: { recheck: true } })),
    },
  ];
}

/** A model of five tokens a second: what is moderated, and the longest pause. */
async function measureSlow(server: TestServer, send: typeof fetch): Promise<Row[]> {
  server.setTiming({ firstToken: 200, perToken: 200, moderation: MODERATION });
  const reply = replyOf(260);
  server.setChat(() => ({ content: reply }));
  const before = server.moderated.length;
  const { text, longestPause } = await read(send, server.url);
  const judged = server.moderated.slice(before).filter((each) => !each.startsWith('Question'));
  const sentence = Math.max(...reply.split('. ').map((each) => each.split(' ').length)) * 200;
  return [
    {
      what: '  on a model of 5 tokens a second',
      limit: 1,
      goal: 2,
      measured: judged.reduce((sum, each) => sum + each.length, 0) / text.length,
    },
    {
      what: '  longest pause, maxWait + one sentence + M at most',
      goal: 500 + sentence + MODERATION,
      measured: longestPause,
      unit: 'ms',
      digits: 0,
    },
  ];
}
