import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutBefore } from '../src/cut.ts';
import { mergeVerdicts, piecesOf, type Piece } from '../src/moderation/pieces.ts';
import type { Failed, Judged, Span, Unsupported, Verdict } from '../src/moderation/verdict.ts';

/** What `borderFrom` may give up of an overlap, so that it begins with a whole grapheme. */
const GIVEN_UP = 32;

const long = { maxLength: 400, size: 'max' } as const;
const graphemes = fc.string({ unit: 'grapheme', ...long });
const characters = fc.string({ unit: 'binary', ...long });
/** Halves of surrogate pairs among them. */
const codeUnits = fc
  .array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd800, max: 0xdfff })), long)
  .map((units) => String.fromCharCode(...units));
const clusters = fc.array(
  fc.constantFrom('z', ' ', '.', '\n', '\u0301', '\u200d', '👩', '🏽', '🇩', 'น', 'ำ', '។', '\u0600'),
  long,
);
const anyText = fc.oneof(
  graphemes,
  characters,
  codeUnits,
  clusters.map((parts) => parts.join('')),
);

/** The borders of a text, its ends among them. */
function bordersOf(text: string, granularity: 'grapheme' | 'word' | 'sentence'): ReadonlySet<number> {
  const segments = [...new Intl.Segmenter('en', { granularity }).segment(text)];
  return new Set([...segments.map(({ index }) => index), text.length]);
}

/** Where a text is cut. */
function cutsOf(pieces: readonly Piece[]): readonly number[] {
  return pieces.slice(1).map(({ span }) => span.start);
}

function isInsidePair(text: string, at: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(at - 1, at + 1));
}

describe('A cut', () => {
  test('stands in the range that was asked for, or at the end of a text that is no longer', () => {
    fc.assert(
      fc.property(anyText, fc.nat(400), fc.integer({ min: 1, max: 400 }), (text, least, more) => {
        const at = cutBefore(text, least, least + more);
        if (text.length <= least + more) expect(at).toBe(text.length);
        else expect(at > least && at <= least + more).toBe(true);
      }),
    );
  });

  test('stands inside no grapheme that ends in the range', () => {
    fc.assert(
      fc.property(anyText, fc.nat(40), fc.integer({ min: 1, max: 80 }), (text, least, more) => {
        const borders = bordersOf(text, 'grapheme');
        const inRange = [...borders].filter((border) => border > least && border <= least + more);
        if (inRange.length > 0) expect(borders).toContain(cutBefore(text, least, least + more));
      }),
      { numRuns: 500 },
    );
  });

  test('stands at the last end of a sentence, else of a word, of those that the whole text has', () => {
    const words = fc.constantFrom('zorp', 'blarg', '3.5', "don't", 'ยา', 'มา', '我喜欢', '苹果', 'кот', 'كتاب');
    const between = fc.constantFrom(' ', ' ', '', '. ', '? ', '。', '؟ ', '\n', ', ', '." ', '... ');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(words, between), { minLength: 20, maxLength: 80, size: 'max' }),
        fc.integer({ min: 10, max: 60 }),
        (parts, most) => {
          const text = parts.flat().join('');
          const last = (granularity: 'word' | 'sentence'): number | undefined =>
            [...bordersOf(text, granularity)].findLast((border) => border > most / 2 && border <= most);
          if (text.length > most)
            expect(cutBefore(text, most / 2, most)).toBe(last('sentence') ?? last('word') ?? most);
        },
      ),
    );
  });

  test.each([
    ['Latin', 'Zorp blarg. "Flib?" Norp', 'Zorp blarg. "Flib?" '],
    ['Chinese', '我喜欢苹果。你呢？我也', '我喜欢苹果。你呢？'],
    ['Japanese', '私はりんごが好きです。あなたは', '私はりんごが好きです。'],
    ['Hindi', 'मैं सेब खाता हूँ। तुम भी', 'मैं सेब खाता हूँ। '],
    ['Arabic', 'هل هذا كتاب؟ نعم هذا', 'هل هذا كتاب؟ '],
    ['code', 'const zorp = 1;\nconst blarg', 'const zorp = 1;\n'],
    ['lists', '- zorp\r\n- blarg\r\n- flib', '- zorp\r\n- blarg\r\n'],
    ['paragraphs', 'Zorp blarg\n\nFlib norp', 'Zorp blarg\n\n'],
    ['words without an end', 'zorp blarg, flib norp', 'zorp blarg, flib '],
    ['Thai', 'ฉันกินข้าวที่บ้าน', 'ฉันกินข้าวที่'],
    ['one long word', 'zorpblargflibnorp', 'zorpblargflibnor'],
    ['emoji', '👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧', '👨‍👩‍👧👨‍👩‍👧'],
  ])('is where a reader would make it: %s', (_, text, head) => {
    expect(text.slice(0, cutBefore(text, 0, text.length - 1))).toBe(head);
  });

  test('needs to see what follows: where a text of the allowed length would end, no sentence may', () => {
    expect(cutBefore('Zorp. It is 3.5 zorps', 0, 14)).toBe(6);
    expect(cutBefore('Zorp e\u0301\u0301', 5, 7)).toBe(7); // a grapheme longer than the range
    expect(cutBefore('Zorp e\u0301\u0301', 3, 7)).toBe(5);
  });

  test.each([
    ['marks', 'z', '\u0301'],
    ['tags, which can spell what no one sees,', '🏴', '\u{e007a}\u{e006f}\u{e0072}\u{e0070}'],
  ])('never waits for the end of a grapheme that is longer than the range: %s cut no pair', (_, base, mark) => {
    const text = base + mark.repeat(5_000);
    for (const most of [1_000, 1_001]) {
      const at = cutBefore(text, 500, most);
      expect(most - at).toBeLessThanOrEqual(1);
      expect(isInsidePair(text, at)).toBe(false);
    }
  });

  test('stands inside a surrogate pair only where the range holds nothing else', () => {
    expect(cutBefore('😀😀', 0, 1)).toBe(1);
    expect(cutBefore('😀😀', 2, 3)).toBe(3);
    expect(cutBefore('😀😀', 1, 3)).toBe(2);
  });
});

describe('The pieces of a text', () => {
  const anyLimits = fc.tuple(anyText, anyText, fc.integer({ min: 1, max: 300 }), fc.nat(400));

  test('are the text itself, with what stands before it, where that is no longer than the limit', () => {
    expect(piecesOf('zorp', 'blarg ', 10, 4)).toEqual([{ text: 'zorp', before: 'blarg ', span: { start: 0, end: 4 } }]);
    expect(piecesOf('', '', 10, 4)).toEqual([{ text: '', before: '', span: { start: 0, end: 0 } }]);
    fc.assert(
      fc.property(anyText, anyText, fc.nat(400), (text, before, overlap) => {
        const whole = { text, before, span: { start: 0, end: text.length } };
        expect(piecesOf(text, before, before.length + text.length, overlap)).toEqual([whole]);
      }),
    );
  });

  test('join to the text, are never empty, and know where they stand in it', () => {
    fc.assert(
      fc.property(anyLimits, ([text, before, limit, overlap]) => {
        const pieces = piecesOf(text, before, limit, overlap);
        expect(pieces.map((piece) => piece.text).join('')).toBe(text);
        for (const piece of pieces) {
          expect(piece.text).toBe(text.slice(piece.span.start, piece.span.end));
          if (text !== '') expect(piece.text).not.toBe('');
        }
      }),
    );
  });

  test('are no longer than the limit, together with what stands before them, and few', () => {
    fc.assert(
      fc.property(anyLimits, ([text, before, limit, overlap]) => {
        const pieces = piecesOf(text, before, limit, overlap);
        for (const piece of pieces) expect(piece.before.length + piece.text.length).toBeLessThanOrEqual(limit);
        expect(pieces.length).toBeLessThanOrEqual(Math.ceil((text.length / limit) * 4) + 1);
      }),
    );
  });

  test('have before them the end of what stands before, and as much of it as was asked for', () => {
    fc.assert(
      fc.property(anyLimits, ([text, before, limit, overlap]) => {
        if (before.length + text.length <= limit) return;
        const asked = Math.min(overlap, Math.floor((limit - 1) / 2));
        for (const piece of piecesOf(text, before, limit, overlap)) {
          const all = before + text.slice(0, piece.span.start);
          expect(all.endsWith(piece.before)).toBe(true);
          expect(piece.before.length).toBeLessThanOrEqual(asked);
          expect(piece.before.length).toBeGreaterThan(Math.min(asked, all.length) - GIVEN_UP);
        }
      }),
    );
    const [, second] = piecesOf('zorp blarg '.repeat(20), '', 100, 20);
    expect(second?.before).toHaveLength(20);
  });

  test('cut no surrogate pair, where the limit leaves room for one', () => {
    fc.assert(
      fc.property(anyText, anyText, fc.integer({ min: 2, max: 60 }), fc.nat(60), (text, before, limit, overlap) => {
        if (before.length + text.length <= limit) return;
        for (const piece of piecesOf(text, before, limit, overlap)) {
          const start = before.length + piece.span.start;
          if (piece.span.start > 0) expect(isInsidePair(text, piece.span.start)).toBe(false);
          expect(isInsidePair(before + text, start - piece.before.length) && piece.before !== '').toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('cut no grapheme, neither where they begin nor where what stands before them does', () => {
    const ordinary = fc.string({ unit: 'grapheme', minLength: 200, maxLength: 600, size: 'max' });
    fc.assert(
      fc.property(ordinary, fc.integer({ min: 100, max: 300 }), fc.nat(60), (text, limit, overlap) => {
        const borders = bordersOf(text, 'grapheme');
        for (const { span, before } of piecesOf(text, '', limit, overlap)) {
          expect(borders).toContain(span.start);
          expect(borders).toContain(span.start - before.length);
        }
      }),
    );
  });

  test('hold every phrase that is no longer than the overlap, wherever the cuts are', () => {
    fc.assert(
      fc.property(anyText, anyText, fc.integer({ min: 80, max: 300 }), fc.nat(150), (text, before, limit, overlap) => {
        const whole = before + text;
        const pieces = piecesOf(text, before, limit, overlap);
        const phrase = Math.min(overlap, Math.floor((limit - 1) / 2)) - GIVEN_UP;
        if (phrase <= 0) return;
        for (let start = Math.max(0, before.length - phrase + 1); start + phrase <= whole.length; start++)
          expect(
            pieces.some(({ span, ...piece }) => {
              const from = before.length + span.start - piece.before.length;
              return from <= start && start + phrase <= before.length + span.end;
            }),
          ).toBe(true);
      }),
    );
    for (let shift = 0; shift < 100; shift++) {
      const text = `${'z'.repeat(shift)} ${'norp. '.repeat(40)}zorp blarg flib${' norp'.repeat(40)}`;
      const found = piecesOf(text, '', 100, 15).filter((piece) =>
        `${piece.before}${piece.text}`.includes('zorp blarg flib'),
      );
      expect(found).not.toEqual([]);
    }
  });

  test('keep the overlap inside a grapheme that hides a text', () => {
    const hidden = '🏴' + '\u{e007a}\u{e006f}\u{e0072}\u{e0070}'.repeat(500);
    for (const { span, before } of piecesOf(hidden, '', 1_000, 200).slice(1)) {
      expect(before.length).toBeGreaterThanOrEqual(199);
      expect(isInsidePair(hidden, span.start - before.length)).toBe(false);
    }
  });

  test('hold the end of what was given as before, and no more of it than the overlap', () => {
    const pieces = piecesOf('zorp '.repeat(30), 'blarg '.repeat(50), 100, 12);
    expect(pieces[0]?.before).toBe('blarg blarg ');
    expect(piecesOf('zorp', 'blarg '.repeat(50), 100, 12)).toEqual([
      { text: 'zorp', before: 'blarg blarg ', span: { start: 0, end: 4 } },
    ]);
  });

  test('are one at least, so that what stands beside an empty text is judged', () => {
    expect(piecesOf('', 'blarg '.repeat(50), 100, 12)).toEqual([
      { text: '', before: 'blarg blarg ', span: { start: 0, end: 0 } },
    ]);
  });

  test.each([
    ['Latin', 'Zorp blarg flib. '],
    ['Chinese', '我喜欢吃苹果。'],
    ['Arabic', 'هل هذا كتاب؟ '],
    ['code', '  zorp(blarg);\n'],
    ['a list', '- zorp blarg\n'],
  ])('are whole sentences or lines: %s', (_, sentence) => {
    const pieces = piecesOf(sentence.repeat(200), '', 100, 20);
    expect(pieces.length).toBeGreaterThan(10);
    for (const { text } of pieces) expect(text).toBe(sentence.repeat(text.length / sentence.length));
  });

  test.each([
    ['Thai', 'ฉันกินข้าวที่บ้านกับเพื่อน'],
    ['Chinese without a stop', '我喜欢吃苹果和香蕉'],
    ['no punctuation at all', 'zorp blarg flib '],
  ])('are whole words where no sentence ends: %s', (_, words) => {
    const text = words.repeat(100);
    const borders = bordersOf(text, 'word');
    const cuts = cutsOf(piecesOf(text, '', 100, 20));
    expect(cuts.length).toBeGreaterThan(10);
    for (const cut of cuts) expect(borders).toContain(cut);
  });

  test.each([
    ['sentences', 'The quick zorp jumps over the lazy blarg. '],
    ['no border at all', 'z'],
    ['Chinese', '我喜欢吃苹果和香蕉'],
    ['Thai', 'ฉันกินข้าวที่บ้านกับเพื่อน'],
    ['stops', '.'],
    ['marks', '\u0301'],
    ['joined emoji', '👩\u200d'],
    ['flags', '🇩🇪'],
    ['half flags', '🇩'],
    ['spaces', ' '],
    ['a stop and what might be a lower case letter', 'a. 1 - 2 - 3 - '],
  ])('are made in time for a megabyte: %s', (_, unit) => {
    const text = unit.repeat(Math.ceil(1_000_000 / unit.length));
    const start = performance.now();
    const pieces = piecesOf(text, '', 2_000, 200);
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(pieces.length).toBeLessThanOrEqual(1_200);
  });

  test('are the same whatever the locale of the machine', () => {
    const text = 'Zorp; blarg; flib. 我喜欢吃苹果。ฉันกินข้าวที่บ้าน zorp: blarg? '.repeat(20);
    const script = `
      import { piecesOf } from ${JSON.stringify(new URL('../src/moderation/pieces.ts', import.meta.url).href)};
      const { locale } = new Intl.DateTimeFormat().resolvedOptions();
      console.log(JSON.stringify([locale, piecesOf(${JSON.stringify(text)}, '', 100, 20)]));`;
    for (const locale of ['el-GR', 'th-TH', 'sv-SE']) {
      const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
        env: { ...process.env, LC_ALL: locale.replace('-', '_') },
        encoding: 'utf8',
      });
      expect(JSON.parse(printed)).toEqual([locale, piecesOf(text, '', 100, 20)]);
    }
  });
});

describe('The verdict on a text that was judged in pieces', () => {
  const first: Span = { start: 0, end: 10 };
  const second: Span = { start: 10, end: 20 };
  const third: Span = { start: 20, end: 25 };

  /** A verdict of the moderator `words`, unless `more` names another. */
  function judged(flagged: readonly string[], scores: Judged['scores'] = {}, more: Partial<Judged> = {}): Judged {
    return { status: flagged.length > 0 ? 'flagged' : 'clear', moderator: 'words', flagged, scores, ...more };
  }

  function merge(...verdicts: readonly Verdict[]): readonly Verdict[] {
    const spans = [first, second, third];
    return mergeVerdicts(verdicts.map((verdict, index) => ({ verdict, span: spans[index] ?? third })));
  }

  test('is what was said of its only piece, as it is', () => {
    const verdict = Object.freeze(judged(['zorp'], { zorp: 0.9 }));
    const merged = merge(verdict);
    expect(merged).toHaveLength(1);
    expect(merged[0]).toBe(verdict);
    expect(merge()).toEqual([]);
  });

  test('is clear where every piece is, with the highest scores and where they are from', () => {
    expect(merge(judged([], { zorp: 0.1, blarg: 0.3 }), judged([], { zorp: 0.2 }), judged([], { blarg: 0.3 }))).toEqual(
      [judged([], { zorp: 0.2, blarg: 0.3 }, { spans: { zorp: second, blarg: first } })],
    );
    expect(merge(judged([]), judged([]))).toEqual([judged([], {}, { spans: {} })]);
  });

  test('is flagged where one piece is, with what any of them is flagged for', () => {
    expect(merge(judged([]), judged(['zorp']), judged(['blarg', 'zorp']))).toEqual([
      judged(['zorp', 'blarg'], {}, { spans: { zorp: second, blarg: third } }),
    ]);
  });

  test('stays flagged where a piece is flagged in no category of its own', () => {
    expect(merge(judged([], { zorp: 0.2 }), judged([], {}, { status: 'flagged' }))).toEqual([
      judged(['*'], { zorp: 0.2 }, { status: 'flagged', spans: { zorp: first, '*': second } }),
    ]);
  });

  test('names the piece that flagged a category before one that only scored it, and of those the highest', () => {
    const [merged] = merge(
      judged([], { zorp: 0.9, blarg: 1 }),
      judged(['zorp', 'blarg'], { zorp: 0.4 }),
      judged(['zorp'], { zorp: 0.5 }),
    );
    expect(merged).toEqual(
      judged(['zorp', 'blarg'], { zorp: 0.9, blarg: 1 }, { spans: { zorp: third, blarg: second } }),
    );
  });

  test('has whatever else was said from the first flagged piece, else from the first that says it', () => {
    const members = [judged([], {}, { moderator: 'member' })];
    const [flagged] = merge(
      judged([], {}, { model: 'words-1', responseId: 'a', message: 'fine' }),
      judged(['zorp'], {}, { responseId: 'b', message: 'no zorp', members }),
      judged(['zorp'], {}, { responseId: 'c', appliedTo: { zorp: ['text'] }, members: [] }),
    );
    expect(flagged).toMatchObject({
      model: 'words-1',
      responseId: 'b',
      message: 'no zorp',
      appliedTo: { zorp: ['text'] },
    });
    expect(flagged?.members).toBe(members);
    const [clear] = merge(judged([]), judged([], {}, { model: 'words-1' }), judged([], {}, { model: 'words-2' }));
    expect(clear).toMatchObject({ status: 'clear', model: 'words-1' });
    expect(clear).not.toHaveProperty('message');
  });

  test('is one for each moderator, in the order in which they were heard', () => {
    const other = { moderator: 'other' };
    expect(merge(judged([]), judged(['zorp'], {}, other), judged([], { zorp: 0.1 }))).toEqual([
      judged([], { zorp: 0.1 }, { spans: { zorp: third } }),
      judged(['zorp'], {}, { ...other, spans: { zorp: second } }),
    ]);
  });

  test('stands beside what could not be judged, once for each moderator and reason', () => {
    const late: Failed = { status: 'failed', moderator: 'words', reason: 'timeout', retryAfterMs: 5 };
    const down: Failed = { status: 'failed', moderator: 'words', reason: 'unavailable' };
    const large: Unsupported = { status: 'unsupported', moderator: 'other', reason: 'too-large' };
    expect(merge(late, judged(['zorp']), down, { ...late, retryAfterMs: 9 }, large, judged([]), large)).toEqual([
      late,
      judged(['zorp'], {}, { spans: { zorp: second } }),
      down,
      large,
    ]);
    expect(merge(late, { ...late, moderator: 'other' })).toEqual([late, { ...late, moderator: 'other' }]);
  });

  test('flags without a score what a piece flags without one, which counts as 1, whatever another piece scores', () => {
    expect(merge(judged(['zorp']), judged([], { zorp: 0.01 }))).toEqual([
      judged(['zorp'], {}, { spans: { zorp: first } }),
    ]);
  });

  test('takes any name for a category', () => {
    const odd = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', ''];
    const scores = Object.fromEntries(odd.map((name) => [name, 1]));
    const [merged] = merge(judged(odd), judged([], scores), judged(odd));
    expect(merged).toEqual(judged(odd, scores, { spans: Object.fromEntries(odd.map((name) => [name, first])) }));
    for (const held of [scores, (merged as Judged).scores, (merged as Judged).spans ?? {}])
      expect(Object.keys(held).toSorted()).toEqual(odd.toSorted());
    expect(Object.getPrototypeOf((merged as Judged).scores)).toBe(Object.prototype);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test('is plain data, and changes nothing of what it is made of', () => {
    const frozen = (verdict: Judged): Judged =>
      Object.freeze({
        ...verdict,
        flagged: Object.freeze([...verdict.flagged]),
        scores: Object.freeze(verdict.scores),
      });
    const merged = merge(frozen(judged(['zorp'], { zorp: 0.5 })), frozen(judged(['zorp'], { zorp: 0.6 })));
    expect(JSON.parse(JSON.stringify(merged))).toEqual(merged);
    expect(structuredClone(merged)).toEqual(merged);
  });
});
