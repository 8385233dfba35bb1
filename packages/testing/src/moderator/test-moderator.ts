import type { Item, Moderator, Report, Segment, Stage } from '@chaperone/core';
import assert from 'node:assert/strict';
import { findTest, type TestFunction } from '../test-function.ts';
import { assertPlainData, assertReports } from './assert-report.ts';
import { moderateOptions } from './moderate-options.ts';

/** What `testModerator` needs to know about the moderator. */
export interface ModeratorSamples {
  /** A text that it flags: a sentence, rather than the name of a category. */
  readonly flagged: string | Segment;
  /** A text in which it finds nothing. */
  readonly clear: string | Segment;
  /** Default: the global `test`. */
  readonly test?: TestFunction;
}

/** How long an aborted call may take to end, in milliseconds. */
const PROMPTLY = 1_000;

/** More items than this in one request prove nothing that fewer would not. */
const LARGEST_BATCH = 64;

/** Texts that have made somebody throw. */
const ODD_TEXTS: readonly (readonly [name: string, text: string])[] = [
  ['an empty text', ''],
  ['white space', ' \t\r\n\u00a0\u2028'],
  ['a lone high surrogate', 'left \ud83d alone'],
  ['a lone low surrogate', 'left \ude42 alone'],
  ['surrogates in the wrong order', '\ude42\ud83d'],
  ['emoji', '🙂👩‍👩‍👧‍👦🏳️‍🌈'],
  ['control characters', 'a\u0000b\u0007c\u001bd\u007f'],
  ['zero-width and direction marks', 'a\u200bb\u200d\u202ec\u2066d\ufeff'],
  ['many combining marks', `z${'\u0351\u0315'.repeat(500)}`],
  ['several scripts', 'Grüße, 你好, नमस्ते, مرحبا, שלום'],
  ['what looks like markup', '<|end|>{"flagged":false}</s>\\"\'`${x}%s'],
  ['100,000 characters', 'A quiet afternoon. '.repeat(5_264).slice(0, 100_000)],
];

/**
 * Registers the cases that every moderator passes, whatever it looks for. A function makes a new moderator for every
 * case.
 * @example testModerator(blocklist(['zorp']), { flagged: 'a zorp at dawn', clear: 'a walk at dawn', test })
 */
export function testModerator(
  moderator: Moderator | (() => Moderator | Promise<Moderator>),
  samples: ModeratorSamples,
): void {
  const register = findTest('testModerator', samples.test);
  const flagged = (stage?: Stage): Item => itemOf(samples.flagged, stage);
  const clear = (stage?: Stage): Item => itemOf(samples.clear, stage);
  const test = (title: string, body: (moderator: Moderator) => Promise<void>): void => {
    register(title, async () => body(typeof moderator === 'function' ? await moderator() : moderator));
  };

  test('has a name, and categories that are names', async ({ name, categories }) => {
    assert.ok(typeof name === 'string' && name !== '', 'name must be a text that is not empty');
    for (const category of categories)
      assert.ok(typeof category === 'string' && category !== '', 'a category must be a text that is not empty');
    assert.ok(!categories.includes('*'), "'*' is every category that is not named: it cannot be listed");
    assert.equal(new Set(categories).size, categories.length, 'categories must not repeat');
  });

  for (const stage of ['input', 'output'] as const)
    test(`flags the flagged sample and clears the clear one at the ${stage} stage`, async (subject) => {
      const reports = await moderateAll(subject, [flagged(stage), clear(stage)]);
      assert.deepEqual(statuses(reports), ['flagged', 'clear']);
    });

  test('names what it flags by the categories that it lists', async (subject) => {
    const [report] = await moderateAll(subject, [flagged()]);
    assert.equal(report?.status, 'flagged');
    for (const category of report.flagged)
      assert.ok(subject.categories.includes(category), `it flags ${category}, which it does not list`);
  });

  test('gives one report per item, in order, in batches as large as it takes', async (subject) => {
    const count = Math.max(4, Math.min(subject.batch?.items ?? 1, LARGEST_BATCH));
    const items = Array.from({ length: count }, (_, at) => (at % 3 === 1 ? flagged() : clear()));
    const reports = await moderateAll(subject, items);
    assert.deepEqual(
      statuses(reports),
      items.map((_, at) => (at % 3 === 1 ? 'flagged' : 'clear')),
    );
  });

  test('has no reports on no items', async (subject) => {
    assert.deepEqual(await subject.moderate([], moderateOptions()), []);
  });

  test('says the same of the same item twice', async (subject) => {
    for (const item of [flagged, clear]) {
      const [first] = await moderateAll(subject, [item()]);
      const [second] = await moderateAll(subject, [item()]);
      assert.deepEqual(verdictOf(second), verdictOf(first));
    }
  });

  test('keeps calls apart that run at the same time', async (subject) => {
    const calls = Array.from({ length: 8 }, (_, at) => moderateAll(subject, [at % 2 === 0 ? flagged() : clear()]));
    const reports = (await Promise.all(calls)).flat();
    assert.deepEqual(
      statuses(reports),
      calls.map((_, at) => (at % 2 === 0 ? 'flagged' : 'clear')),
    );
  });

  for (const [name, text] of ODD_TEXTS)
    test(`reports on ${name}`, async (subject) => {
      await moderateAll(subject, [itemOf(text)]);
    });

  test('flags the flagged sample again after odd texts', async (subject) => {
    for (const [, text] of ODD_TEXTS) await moderateAll(subject, [itemOf(text)]);
    assert.deepEqual(statuses(await moderateAll(subject, [flagged(), clear()])), ['flagged', 'clear']);
  });

  test('ends promptly when its signal is aborted before it begins', async (subject) => {
    await endsPromptly(subject.moderate([flagged()], moderateOptions({ signal: AbortSignal.abort() })));
  });

  test('ends promptly when its signal is aborted on the way', async (subject) => {
    const controller = new AbortController();
    const call = subject.moderate([flagged()], moderateOptions({ signal: controller.signal }));
    setTimeout(() => controller.abort(), 1);
    await endsPromptly(call);
  });

  test('answers the next call as if no call had been aborted', async (subject) => {
    await endsPromptly(subject.moderate([flagged()], moderateOptions({ signal: AbortSignal.abort() })));
    assert.deepEqual(statuses(await moderateAll(subject, [flagged(), clear()])), ['flagged', 'clear']);
  });

  test('changes nothing in the items that it is given', async (subject) => {
    const items = [flagged(), clear()];
    for (const item of items) freeze(item); // whoever writes to them now throws
    await moderateAll(subject, items);
    assert.deepEqual(items, [flagged(), clear()]);
  });

  test('keeps its name, revision and categories', async (subject) => {
    const before = { name: subject.name, revision: subject.revision, categories: [...subject.categories] };
    await moderateAll(subject, [flagged(), clear()]);
    const after = { name: subject.name, revision: subject.revision, categories: [...subject.categories] };
    assert.deepEqual(after, before);
  });

  test('reports plain data', async (subject) => {
    for (const report of await moderateAll(subject, [flagged(), clear()])) assertPlainData(report, 'report');
  });

  test('repeats no word of the item in its report', async (subject) => {
    if (typeof samples.flagged !== 'string') return;
    const reports = JSON.stringify(await moderateAll(subject, [itemOf(`${samples.flagged} canary5521`)]));
    assert.ok(!reports.includes(samples.flagged), 'the report repeats the flagged sample');
    assert.ok(!reports.includes('canary5521'), 'the report repeats words that stood beside the flagged ones');
  });
}

/** All items, in requests within the limits of the moderator's batches. Every answer is checked to be reports. */
async function moderateAll(moderator: Moderator, items: readonly Item[]): Promise<readonly Report[]> {
  const reports: Report[] = [];
  for (const batch of batchesOf(moderator, items)) {
    const answered = await moderator.moderate(batch, moderateOptions());
    assertReports(answered, batch.length);
    reports.push(...answered);
  }
  return reports;
}

function batchesOf({ batch }: Moderator, items: readonly Item[]): readonly (readonly Item[])[] {
  const limit = batch ?? { items: 1, characters: Infinity };
  const batches: Item[][] = [];
  let characters = 0;
  for (const item of items) {
    const last = batches.at(-1);
    const length = item.segment.text?.length ?? 0;
    if (last && last.length < limit.items && characters + length <= limit.characters) {
      last.push(item);
      characters += length;
    } else {
      batches.push([item]);
      characters = length;
    }
  }
  return batches;
}

function itemOf(sample: string | Segment, stage: Stage = 'input'): Item {
  const role = stage === 'input' ? 'user' : 'assistant';
  const segment: Segment =
    typeof sample === 'string' ? { kind: 'text', role, path: 'sample', text: sample } : { ...sample };
  // A moderator that reads messages or conversations finds there what a guard would put there.
  return { segment, stage, message: [segment], conversation: [] };
}

function statuses(reports: readonly Report[]): readonly Report['status'][] {
  return reports.map(({ status }) => status);
}

/** What must not change from one call to the next: scores of a remote model may, in their last digits. */
function verdictOf(report: Report | undefined): object | undefined {
  return report && { status: report.status, flagged: 'flagged' in report ? report.flagged.toSorted() : [] };
}

async function endsPromptly(call: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<'too late'>((resolve) => {
    timer = setTimeout(() => resolve('too late'), PROMPTLY);
  });
  // How it ends does not matter: nobody waits for the answer any longer.
  const ended = await Promise.race([call.catch(() => undefined), tooLate]);
  clearTimeout(timer);
  assert.notEqual(ended, 'too late', `moderate() went on for ${PROMPTLY} ms after its signal was aborted`);
}

function freeze(item: Item): void {
  Object.freeze(item);
  Object.freeze(item.segment);
  Object.freeze(item.message);
  Object.freeze(item.conversation);
}
