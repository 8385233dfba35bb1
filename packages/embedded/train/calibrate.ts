import { CATEGORIES, type EmbeddedCategory } from '../src/categories.ts';
import type { Calibration } from '../src/model/model.ts';
import { OUTPUTS, type Output } from '../src/model/outputs.ts';
import type { Evidence } from '../src/score/evidence.ts';
import { FAMILIES, FAMILY_OF, isThreat, THREATS } from '../src/score/families.ts';
import { oddsOf } from '../src/score/judgement.ts';
import type { Row } from './data.ts';
import { regress, type Sample } from './regression.ts';

/** What says how likely each category is, before it is settled where flagging begins. */
export type Relative = Pick<Calibration, 'weights' | 'harm'>;

/** The share of positives that odds are made for: more than in ordinary traffic, less than where people are abused. */
const PRIOR = 0.1;
/** The same for harm of any kind, which is more frequent than each. */
const HARM_PRIOR = 0.25;

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
const SPEAKS: Readonly<Record<EmbeddedCategory, readonly Output[]>> = {
  harassment: ['harassment'],
  'harassment/threatening': ['threat'],
  hate: ['hate'],
  'hate/threatening': ['threat'],
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

/** What may speak for harm of any kind. */
const SPEAKS_FOR_HARM: readonly Output[] = ['harassment', 'hate', 'violence', 'self-harm', 'sexual', 'toxic', 'threat'];

/** The same, of the signs that speak for it alone: one that would speak against is left out. */
function regressFor(samples: readonly Sample[], signs: readonly number[], penalty: number): Float32Array {
  const own = samples.map((sample) => ({ ...sample, signs: signs.map((sign) => sample.signs[sign] ?? 0) }));
  const found = regress(own, signs.length, penalty);
  const kept = signs.filter((_, at) => (found[at] ?? 0) > 0);
  if (kept.length < signs.length && kept.length > 0) return regressFor(samples, kept, penalty);
  const weights = new Float32Array(OUTPUTS.length + 1);
  for (const [at, sign] of signs.entries()) weights[sign] = found[at] ?? 0;
  weights[OUTPUTS.length] = found[signs.length] ?? 0;
  return weights;
}

/** Learns what the signs weigh, for every category and for harm of any kind. */
export function calibrate(rows: readonly Row[], evidence: readonly Evidence[], penalty: number = PENALTY): Relative {
  const learn = (truths: readonly (number | undefined)[], signs: readonly Output[], prior: number): Float32Array => {
    const known = truths.flatMap((truth, at) => {
      const own = evidence[at]?.signs;
      return truth === undefined || own === undefined ? [] : [{ signs: own, truth }];
    });
    const positives = known.filter(({ truth }) => truth === 1).length;
    const [forNegative, forPositive] = [(1 - prior) / (known.length - positives), prior / positives];
    const samples = known.map((sample) => ({ ...sample, weight: sample.truth === 1 ? forPositive : forNegative }));
    return regressFor(
      samples,
      signs.map((sign) => OUTPUTS.indexOf(sign)),
      penalty,
    );
  };
  return {
    weights: forEach((category) =>
      learn(
        rows.map((row) => learntAs(row, category)),
        SPEAKS[category],
        PRIOR,
      ),
    ),
    harm: learn(rows.map(harmOf), SPEAKS_FOR_HARM, HARM_PRIOR),
  };
}

/** The same as `truthOf`; of a threat, whether it threatens, given that it is of its family. */
function learntAs(row: Row, category: EmbeddedCategory): number | undefined {
  if (isThreat(category) && row.labels[THREATS[category]] !== 1) return undefined;
  return truthOf(row, category);
}

/** 1, 0, or undefined where it is not known. */
export function truthOf({ labels }: Row, category: EmbeddedCategory): number | undefined {
  const known = MEANS[category].map((label) => labels[label]);
  if (known.includes(0)) return 0;
  return known.includes(undefined) ? undefined : 1;
}

/** Whether a row is harmful as anything; `undefined` where it is not known. */
function harmOf({ labels }: Row): number | undefined {
  if (FAMILIES.some((family) => labels[family] === 1)) return 1;
  return labels['harassment'] === 0 && labels['sexual'] === 0 ? 0 : undefined;
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

/** The share of harmless text that may have a score of one half in a category that is flagged. */
const EVERYDAY_ALARMS = 0.0005;
const COMMENT_ALARMS = 0.0175;
/** The same in one that is not flagged. */
const COMMENT_ALARMS_UNFLAGGED = 0.002;

/**
 * Settles where flagging begins: one half is where false alarms on harmless text of the development rows become rare.
 * It is at the same odds in all categories of one kind, so that a number means the same in each.
 */
export function withHalves(
  relative: Relative,
  development: readonly Row[],
  weigh: (text: string) => Evidence,
): Calibration {
  const oddsIn = (files: readonly string[]): readonly Odds[] =>
    development.filter(({ source }) => files.includes(source)).map(({ text }) => oddsOf(weigh(text), relative));
  const [everyday, comments] = [oddsIn(EVERYDAY), oddsIn(COMMENTS)];
  const highest = (odds: Odds): number => Math.max(...FAMILIES.map((family) => odds[family]));
  const flagged = Math.max(above(everyday.map(highest), EVERYDAY_ALARMS), above(comments.map(highest), COMMENT_ALARMS));
  const halves = forEach((category) => {
    if (isThreat(category)) return 0;
    return FAMILY_OF[category] === undefined
      ? Math.max(
          above(
            everyday.map((odds) => odds[category]),
            EVERYDAY_ALARMS,
          ),
          above(
            comments.map((odds) => odds[category]),
            COMMENT_ALARMS_UNFLAGGED,
          ),
        )
      : flagged;
  });
  return { ...relative, halves };
}

type Odds = ReturnType<typeof oddsOf>;

/** The number that this share of them is above. */
function above(odds: readonly number[], share: number): number {
  return odds.toSorted((one, other) => other - one)[Math.floor(share * odds.length)] ?? 0;
}

/** What is written where nothing was calibrated yet. */
export const uncalibrated = (): Calibration => ({
  weights: forEach(() => new Float32Array(OUTPUTS.length + 1)),
  harm: new Float32Array(OUTPUTS.length + 1),
  halves: forEach(() => 0),
});

function forEach<Value>(make: (category: EmbeddedCategory) => Value): Record<EmbeddedCategory, Value> {
  // Every category has an entry, which `fromEntries` cannot say.
  return Object.fromEntries(CATEGORIES.map((category) => [category, make(category)])) as Record<
    EmbeddedCategory,
    Value
  >;
}
