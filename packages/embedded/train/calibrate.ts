import { CATEGORIES, type EmbeddedCategory } from '../src/categories.ts';
import type { Model } from '../src/model/model.ts';
import { OUTPUTS, type Output } from '../src/model/outputs.ts';
import { SIGNS, type Evidence } from '../src/score/evidence.ts';
import type { Scorer, Scores } from '../src/score/scorer.ts';
import type { Row } from './data.ts';
import { regress, type Sample } from './regression.ts';

export type Weights = Model['weights'];

/** The share of positives that scores are made for: more than in ordinary traffic, less than where people are abused. */
const PRIOR = 0.1;

/** Keeps the weights of signs small: most of them speak of the same. */
const PENALTY = 0.003;

/** The labels that all must be true for a category to be; those of a category without labels of its own. */
const MEANS: Readonly<Record<EmbeddedCategory, readonly string[]>> = {
  harassment: ['harassment'],
  'harassment/threatening': ['harassment', 'threat'],
  hate: ['hate'],
  'hate/threatening': ['hate', 'threat'],
  illicit: ['illicit'],
  'illicit/violent': ['illicit/violent'],
  'self-harm': ['self-harm'],
  'self-harm/intent': ['self-harm/intent'],
  'self-harm/instructions': ['self-harm/instructions'],
  sexual: ['sexual'],
  'sexual/minors': ['sexual'],
  violence: ['violence'],
  'violence/graphic': ['violence'],
};

/** What may speak for a category: all that there is would tell the files apart rather than what they say. */
const SPEAKS: Readonly<Record<EmbeddedCategory, readonly Sign[]>> = {
  harassment: ['harassment'],
  'harassment/threatening': ['harassment', 'violence', 'threat'],
  hate: ['hate'],
  'hate/threatening': ['hate', 'violence', 'threat'],
  illicit: ['illicit'],
  'illicit/violent': ['illicit/violent'],
  'self-harm': ['self-harm'],
  'self-harm/intent': ['self-harm/intent'],
  'self-harm/instructions': ['self-harm/instructions'],
  sexual: ['sexual'],
  'sexual/minors': ['sexual'],
  violence: ['violence', 'threat'],
  'violence/graphic': ['violence', 'threat'],
};

type Sign = Output | 'words of violence' | 'words of blood';

const SIGN_NAMES: readonly Sign[] = [...OUTPUTS, 'words of violence', 'words of blood'];

/** The same, of the signs that speak for it alone: one that would speak against is left out. */
function regressFor(samples: readonly Sample[], signs: readonly number[], penalty: number): Float32Array {
  const own = samples.map((sample) => ({ ...sample, signs: signs.map((sign) => sample.signs[sign] ?? 0) }));
  const found = regress(own, signs.length, penalty);
  const kept = signs.filter((_, at) => (found[at] ?? 0) > 0);
  if (kept.length < signs.length && kept.length > 0) return regressFor(samples, kept, penalty);
  const weights = new Float32Array(SIGNS + 1);
  for (const [at, sign] of signs.entries()) weights[sign] = found[at] ?? 0;
  weights[SIGNS] = found[signs.length] ?? 0;
  return weights;
}

/** Learns for every category what the signs weigh, as if one text in ten were positive in it. */
export function calibrate(rows: readonly Row[], evidence: readonly Evidence[], penalty: number = PENALTY): Weights {
  const weights = CATEGORIES.map((category) => {
    const known = rows.flatMap((row, at) => {
      const truth = truthOf(row, category);
      const signs = evidence[at]?.signs;
      return truth === undefined || signs === undefined ? [] : [{ signs, truth }];
    });
    const positives = known.filter(({ truth }) => truth === 1).length;
    const [forNegative, forPositive] = [(1 - PRIOR) / (known.length - positives), PRIOR / positives];
    const samples = known.map((sample) => ({ ...sample, weight: sample.truth === 1 ? forPositive : forNegative }));
    const signs = SPEAKS[category].map((sign) => SIGN_NAMES.indexOf(sign));
    return [category, regressFor(samples, signs, penalty)] as const;
  });
  // Every category has an entry, which `fromEntries` cannot say.
  return Object.fromEntries(weights) as Record<EmbeddedCategory, Float32Array>;
}

/** 1, 0, or undefined where it is not known. */
export function truthOf({ labels }: Row, category: EmbeddedCategory): number | undefined {
  const known = MEANS[category].map((label) => labels[label]);
  if (known.includes(0)) return 0;
  return known.includes(undefined) ? undefined : 1;
}

/** Everyday requests, and comments of all sorts, some of them crude. */
const EVERYDAY: readonly string[] = [
  'banking77_benign',
  'clinc_benign',
  'sgd_benign',
  'dolly_sample',
  'selfinstruct_seed',
  'prompts_chat',
];
const COMMENTS: readonly string[] = ['goemotions_benign'];

/** So far above all everyday requests of the development rows, in log odds: there are three times as many elsewhere. */
const EVERYDAY_MARGIN = 0.6;

/**
 * The share of comments that may have a score of one half. Comments are crude more often than they are violent or speak
 * of suicide; and hate is what word lists find least of, so that it may cost most.
 */
const COMMENT_ALARMS: { readonly [category in EmbeddedCategory]?: number } = {
  harassment: 0.006,
  hate: 0.008,
  sexual: 0.003,
};
const COMMENT_ALARMS_ELSE = 0.002;

/** Moves scores so that one half means the same in every category: where false alarms on harmless text become rare. */
export function shiftTo(development: readonly Row[], scorer: Scorer, weights: Weights): Weights {
  const scoresOf = (files: readonly string[]): readonly Scores[] =>
    development.filter(({ source }) => files.includes(source)).flatMap(({ text }) => scorer.score(text) ?? []);
  const [everyday, comments] = [scoresOf(EVERYDAY), scoresOf(COMMENTS)];
  const moved = CATEGORIES.map((category) => {
    const own = weights[category].slice();
    own[SIGNS]! -= Math.max(
      oddsAt(everyday, category, 0) + EVERYDAY_MARGIN,
      oddsAt(comments, category, COMMENT_ALARMS[category] ?? COMMENT_ALARMS_ELSE),
    );
    return [category, own] as const;
  });
  // Every category has an entry, which `fromEntries` cannot say.
  return Object.fromEntries(moved) as Record<EmbeddedCategory, Float32Array>;
}

/** The log odds that this share of texts is above. Where a rule stands behind, those of what the rule is applied to. */
function oddsAt(scores: readonly Scores[], category: EmbeddedCategory, share: number): number {
  const behind = BEHIND_RULES[category] ?? category;
  const sorted = scores.map((each) => logit(each[behind])).toSorted((one, other) => other - one);
  return sorted[Math.floor(share * sorted.length)] ?? 0;
}

const BEHIND_RULES: { readonly [category in EmbeddedCategory]?: EmbeddedCategory } = {
  'sexual/minors': 'sexual',
  'violence/graphic': 'violence',
};

const logit = (score: number): number => Math.log(score / (1 - score));
