import { createGuard, log, retry, type Fallback, type Guard, type Moderator } from '@chaperone/core';
import assert from 'node:assert/strict';
import { fakeModerator } from '../moderator/fake-moderator.ts';
import { findTest, type TestFunction } from '../test-function.ts';
import type { AdapterKit, StreamKit } from './kit.ts';
import { streamed, wholeReply, type Played } from './play.ts';
import { testHistoryAdapter } from './test-history-adapter.ts';
import type { Unreadable } from './unreadable.ts';

/** The word that the guards of this suite block. */
const FLAGGED_WORD = 'zorp';
/** The same with a character that takes two code units. */
const FLAGGED_EMOJI = 'zo🙂rp';

const CLEAN_REQUEST = ['What grows by the sea?'];
const FLAGGED_REQUEST = [`What is a ${FLAGGED_WORD}?`];
const CLEAN_REPLY = ['Sea ', 'holly ', 'grows ', 'by the ', 'sea.'];
const FLAGGED_REPLY = ['There was a ', 'zo', 'rp ', 'by the ', 'sea.'];
const FEEDBACK = 'Kindly say it in another way.';
const REFUSAL = 'This cannot be answered here.';

interface GuardSettings {
  readonly moderators?:
    | readonly Moderator[]
    | { readonly input: readonly Moderator[]; readonly output: readonly Moderator[] };
  readonly fallback?: Fallback;
  readonly message?: string;
  readonly release?: 'immediate';
}

/**
 * Registers the cases that every adapter passes: what a guard promises, kept in this protocol. Each case runs through a
 * reply that comes at once and through a stream, or through a stream alone where the kit knows no more; those of
 * `testHistoryAdapter` are among them.
 */
export function testAdapter<Request, Reply, Chunk>(
  kit: AdapterKit<Request, Reply, Chunk> | StreamKit<Request, Chunk>,
  options: {
    /** Default: the global `test`. */
    readonly test?: TestFunction;
  } = {},
): void {
  const register = findTest('testAdapter', options.test);
  const { adapter } = kit;
  const whole = 'reply' in kit ? kit : undefined;

  register('the kit reads what it writes', async () => {
    if (whole) assert.equal(whole.textOfReply(whole.reply('Good day.')), 'Good day.');
    assert.equal(kit.textOfChunks(kit.chunks(['Good ', 'day.'])), 'Good day.');
    const texts = kit.textsOfRequest(kit.request(['one', 'two', 'three']));
    for (const text of ['one', 'two', 'three']) assert.ok(texts.includes(text), `the request does not hold "${text}"`);
  });

  testHistoryAdapter(kit, { test: register });

  if (whole)
    register('reads a reply and its stream alike', async () => {
      const isSaid = ({ text }: { readonly text?: string | undefined }): boolean => text !== '';
      const { segments } = whole.adapter.readReply(whole.reply(CLEAN_REPLY.join('')));
      const said = segments.map(({ kind, role, text }) => ({ kind, role, text }));
      const reader = adapter.openStream(kit.request(CLEAN_REQUEST));
      const pieces = kit.chunks(CLEAN_REPLY).flatMap((chunk) => reader.read(chunk).segments);
      const heard = [...Map.groupBy(pieces, ({ path }) => path).values()].map((parts) => ({
        kind: parts[0]?.kind,
        role: parts[0]?.role,
        text: parts.map(({ text }) => text ?? '').join(''),
      }));
      assert.deepEqual(heard.filter(isSaid), said.filter(isSaid));
    });

  for (const way of [...(whole ? [wholeReply(whole)] : []), streamed(kit)]) {
    const test = (title: string, body: () => Promise<void>): unknown => register(`${title} (${way.name})`, body);
    const play = (
      guards: Guard | readonly Guard[],
      turns: readonly string[],
      answers: readonly (readonly string[])[],
      unread?: Unreadable,
    ): Promise<Played<Request>> =>
      way.play({
        guards: [guards].flat(),
        request: kit.request(turns),
        answers,
        ...(unread && { unreadable: unread }),
      });

    test('passes a clean reply untouched', async () => {
      const request = kit.request(CLEAN_REQUEST);
      const played = await way.play({ guards: [guardWith()], request, answers: [CLEAN_REPLY] });
      assertUntouched(played);
      assert.ok(Object.is(played.requests[0], request), 'the model got another request than the caller made');
      assert.equal(played.settled[0]?.delivery, 'delivered');
      assert.deepEqual(played.flagged, [0]);
    });

    test('refuses a flagged request before the model is asked', async () => {
      const played = await play(guardWith(), FLAGGED_REQUEST, [CLEAN_REPLY]);
      assert.equal(played.requests.length, 0);
      assertRefusal(played, REFUSAL);
      assert.equal(played.settled[0]?.input?.action, 'block');
      assert.equal(played.settled[0].attempts, 0);
      assert.deepEqual(played.flagged, [1]);
    });

    test('puts a refusal in the place of a flagged reply', async () => {
      const played = await play(guardWith(), CLEAN_REQUEST, [FLAGGED_REPLY]);
      assertRefusal(played, REFUSAL);
      assert.equal(played.settled[0]?.output?.action, 'block');
      assert.equal(played.settled[0].attempts, 1);
      assert.deepEqual(played.flagged, [1]);
    });

    test('sets a refusal apart from what it follows', async () => {
      // What leaves as it comes has left when the verdict is there.
      const slow = fakeModerator({ flags: { [FLAGGED_WORD]: 'marked' }, delay: 20 });
      const guard = guardWith({ moderators: { input: [], output: [slow] }, release: 'immediate' });
      const { text, settled } = await play(guard, CLEAN_REQUEST, [['Sea holly grows.', ` A ${FLAGGED_WORD} came.`]]);
      const place = text.indexOf(REFUSAL);
      assert.ok(place >= 0, 'the caller was not told the message of the refusal');
      assert.match(text.slice(0, place), /^$|\n\s*$/, 'the refusal seems to be one sentence with what it follows');
      assert.equal(settled[0]?.delivery, 'refused');
    });

    test('has the model try again with feedback, which does not quote', async () => {
      const request = kit.request(CLEAN_REQUEST);
      const before = kit.textsOfRequest(request);
      const guards = [guardWith({ fallback: retry({ feedback: () => FEEDBACK }) })];
      const played = await way.play({ guards, request, answers: [FLAGGED_REPLY, CLEAN_REPLY] });
      assert.equal(played.text, CLEAN_REPLY.join(''));
      assert.equal(played.settled[0]?.delivery, 'delivered');
      assert.equal(played.settled[0].attempts, 2);
      const [first = '', second = ''] = played.requests.map((seen) => kit.textsOfRequest(seen).join('\n'));
      assert.ok(!first.includes(FEEDBACK), 'the first request holds the feedback');
      assert.ok(second.includes(FEEDBACK), 'the second request does not hold the feedback');
      assert.ok(second.includes(before.join('\n')), 'the second request has lost what was asked');
      assert.ok(!second.includes(FLAGGED_WORD), 'the second request holds the flagged text');
      assert.deepEqual(kit.textsOfRequest(request), before, "the caller's own request was changed");
    });

    test('refuses when the retries are used up', async () => {
      const fallback = retry({ maxRetries: 2, feedback: () => FEEDBACK });
      const answers = [FLAGGED_REPLY, FLAGGED_REPLY, FLAGGED_REPLY];
      const played = await play(guardWith({ fallback }), CLEAN_REQUEST, answers);
      assertRefusal(played, REFUSAL);
      assert.equal(played.settled[0]?.attempts, 3);
      assert.deepEqual(played.flagged, [3]);
    });

    test('replaces an older flagged turn and its answer, and goes on', async () => {
      const request = kit.request([
        `Tell me of the ${FLAGGED_WORD}.`,
        'I shall keep silent.',
        'What grows by the sea?',
      ]);
      const before = kit.textsOfRequest(request);
      const played = await way.play({ guards: [guardWith()], request, answers: [CLEAN_REPLY] });
      assertUntouched(played);
      const seen = played.requests.flatMap((sent) => kit.textsOfRequest(sent)).join('\n');
      assert.ok(!seen.includes(FLAGGED_WORD), 'the model saw the flagged turn');
      assert.ok(!seen.includes('silent'), 'the model saw the answer to the flagged turn');
      assert.ok(seen.includes('What grows by the sea?'), 'the model did not see the latest turn');
      assert.equal(played.settled[0]?.input?.action, 'allow');
      assert.equal(played.settled[0].input.omitted.length, 2);
      assert.deepEqual(played.flagged, [0]);
      assert.deepEqual(kit.textsOfRequest(request), before, "the caller's own request was changed");
    });

    test('refuses, as unchecked, a reply that cannot be read', async () => {
      const played = await play(guardWith(), CLEAN_REQUEST, [CLEAN_REPLY], 'reply');
      assertUnchecked(played, 'output');
      assert.ok(!played.text.includes('holly'), 'text of the reply that could not be read has left');
    });

    test('refuses, as unchecked, a request that cannot be read', async () => {
      const played = await play(guardWith(), CLEAN_REQUEST, [CLEAN_REPLY], 'request');
      assertUnchecked(played, 'input');
      assert.equal(played.requests.length, 0);
    });

    for (const stage of ['input', 'output'] as const)
      for (const fails of ['unavailable', 'throws'] as const)
        test(`refuses, as unchecked, when one of two moderators ${fails === 'throws' ? fails : 'fails'} at the ${stage} stage`, async () => {
          const judge = marking();
          const moderators = { input: [judge], output: [judge] };
          moderators[stage].push(fakeModerator({ name: 'down', fails }));
          const played = await play(guardWith({ moderators }), CLEAN_REQUEST, [CLEAN_REPLY]);
          assertUnchecked(played, stage);
          assert.ok(!played.text.includes('holly'), 'text that was not checked has left');
          assert.equal(played.requests.length, stage === 'input' ? 0 : 1);
        });

    test('blocks a flagged reply although another moderator fails', async () => {
      const output = [marking(), fakeModerator({ name: 'down', fails: 'unavailable' })];
      const played = await play(guardWith({ moderators: { input: [], output } }), CLEAN_REQUEST, [FLAGGED_REPLY]);
      assertRefusal(played, REFUSAL);
      assert.deepEqual(played.flagged, [1]);
      assert.equal(played.settled[0]?.output?.unchecked.length, 1);
    });

    test('changes nothing with log()', async () => {
      const lines: string[] = [];
      const fallback = log({ logger: { warn: (line) => void lines.push(line) } });
      const played = await play(guardWith({ fallback }), CLEAN_REQUEST, [FLAGGED_REPLY]);
      assertUntouched(played);
      assert.equal(lines.length, 1);
      assert.deepEqual(played.flagged, [1]);
    });

    // Guards know each other's refusals by identity, which a bare text does not have.
    if (typeof (whole ? whole.reply('') : kit.chunks([''])[0]) === 'object')
      for (const [what, turns] of [
        ['request', FLAGGED_REQUEST],
        ['reply', CLEAN_REQUEST],
      ] as const)
        test(`does not judge the refusal of another guard inside of it, for a flagged ${what}`, async () => {
          const judge = fakeModerator({ flags: { [REFUSAL]: 'marked' } });
          const outer = guardWith({
            moderators: { input: [judge], output: [judge] },
            message: 'Judged a second time.',
          });
          const played = await play([outer, guardWith()], turns, [FLAGGED_REPLY]);
          assertRefusal(played, REFUSAL);
          assert.deepEqual(played.flagged, [0, 1]);
          assert.ok(!judge.texts.some((text) => text.includes(REFUSAL)), 'the refusal was judged again');
        });

    test('decides alike however the text is cut', async () => {
      const text = `A ${FLAGGED_WORD} came 🙂 by.`;
      for (const pieces of cuttings(text)) {
        const played = await play(guardWith(), CLEAN_REQUEST, [pieces]);
        assertRefusal(played, REFUSAL);
        const [finding, ...others] = played.settled[0]?.output?.findings ?? [];
        assert.equal(finding?.category, 'marked');
        assert.equal(others.length, 0, 'the number of findings depends on how the text was cut');
      }
    });

    test('passes a clean text untouched however it is cut', async () => {
      for (const pieces of cuttings('Sea holly 🙂 grows.')) {
        const played = await play(guardWith(), CLEAN_REQUEST, [pieces]);
        assertUntouched(played);
        assert.equal(played.text, 'Sea holly 🙂 grows.');
      }
    });

    test('sees a character whose two halves come apart', async () => {
      const judge = fakeModerator({ flags: { [FLAGGED_EMOJI]: 'marked' } });
      const [left = '', right = ''] = FLAGGED_EMOJI.split(/(?<=\ud83d)/); // between the halves
      const guard = guardWith({ moderators: { input: [], output: [judge] } });
      const played = await play(guard, CLEAN_REQUEST, [[`There was a ${left}`, `${right} by the sea.`]]);
      assertRefusal(played, REFUSAL);
    });
  }
}

function marking(): Moderator {
  return fakeModerator({ flags: { [FLAGGED_WORD]: 'marked' } });
}

function guardWith({ moderators, fallback, message = REFUSAL, release }: GuardSettings = {}): Guard {
  return createGuard({
    moderators: moderators ?? [marking()],
    message,
    ...(fallback && { fallback }),
    ...(release && { output: { release } }),
  });
}

function assertUntouched({ received, sent }: Played<unknown>): void {
  const expected = sent.at(-1) ?? [];
  assert.equal(received.length, expected.length, 'the caller got another number of parts than the model sent');
  for (const [at, part] of received.entries())
    assert.ok(Object.is(part, expected[at]), `part ${at} is not the one that the model sent`);
}

function assertRefusal({ text, read, settled }: Played<unknown>, message: string): void {
  assert.ok(text.includes(message), 'the caller was not told the message of the refusal');
  assert.ok(read.includes(message), 'the adapter cannot read the refusal that it wrote');
  assert.ok(!text.includes(FLAGGED_WORD) && !text.includes(FLAGGED_EMOJI), 'flagged text has reached the caller');
  assert.equal(settled[0]?.delivery, 'refused');
}

function assertUnchecked({ settled, flagged }: Played<unknown>, stage: 'input' | 'output'): void {
  const decision = settled[0]?.[stage];
  assert.equal(settled[0]?.delivery, 'refused');
  assert.equal(decision?.action, 'block');
  assert.ok(decision.unchecked.length > 0, 'the decision does not say what could not be checked');
  assert.deepEqual(decision.findings, []);
  assert.deepEqual(flagged, [0], 'what was only unchecked was told as flagged');
}

/** A text in one piece, in two at every place (also inside of a character), and in small pieces. */
function cuttings(text: string): readonly (readonly string[])[] {
  const places = Array.from({ length: text.length - 1 }, (_, at) => at + 1);
  const small = [1, 2, 3, 5].map((size) =>
    Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, (at + 1) * size)),
  );
  return [[text], ...places.map((at) => [text.slice(0, at), text.slice(at)]), ...small];
}
