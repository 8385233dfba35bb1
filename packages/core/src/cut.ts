/** In the order in which a border is looked for. */
const GRANULARITIES = ['sentence', 'word', 'grapheme'] as const;
type Granularity = (typeof GRANULARITIES)[number];

/** How much is read of what follows: a border depends on it, and the end of a slice is none. */
const AHEAD = 64;

/** The longest that is kept whole where an overlap begins: any emoji, but no text that hides in marks. */
const GIVEN_UP = 32;

/** Made on first use: an import costs nothing. */
const segmenters: { [G in Granularity]?: Intl.Segmenter } = {};

/**
 * Where to cut a text: an index `at` with `least < at <= most`, in characters (UTF-16 code units), or the text's length
 * where that is no more than `most`. The last border of a sentence or line in that range, else of a word, else of a
 * grapheme (what a reader takes for one character), else `most`, or one before it where that keeps a surrogate pair
 * whole. No grapheme is cut that ends in the range. The same on every machine, whatever its locale.
 *
 * It takes time for what it cuts off, not for what remains.
 */
export function cutBefore(text: string, least: number, most: number): number {
  if (text.length <= most) return text.length;
  const slice = text.slice(0, most + AHEAD);
  for (const granularity of GRANULARITIES) {
    const at = borderUpTo('grapheme', slice, borderUpTo(granularity, slice, most)); // words may be cut inside a grapheme
    if (at > least) return at;
  }
  return most - 1 > least && isInsidePair(text, most) ? most - 1 : most;
}

/**
 * Where an overlap of a text with its next piece begins: the first index from `least` to `most` that is the border of a
 * grapheme, where `known` is one before it. Inside a longer one than any writing needs, the first that cuts no
 * surrogate pair.
 */
export function borderFrom(text: string, known: number, least: number, most: number): number {
  const grapheme = segmentAt('grapheme', text.slice(known, most), least - known);
  if (!grapheme || known + grapheme.index === least) return least;
  const end = known + grapheme.index + grapheme.segment.length;
  return end - least < GIVEN_UP ? end : least + Number(isInsidePair(text, least));
}

function borderUpTo(granularity: Granularity, text: string, index: number): number {
  return segmentAt(granularity, text, index)?.index ?? 0;
}

function segmentAt(granularity: Granularity, text: string, index: number): Intl.SegmentData | undefined {
  const segmenter = (segmenters[granularity] ??= new Intl.Segmenter('en', { granularity }));
  return segmenter.segment(text).containing(index);
}

function isInsidePair(text: string, index: number): boolean {
  return (text.codePointAt(index - 1) ?? 0) > 0xffff;
}
