import { CATEGORIES, type EmbeddedCategory } from '../src/categories.ts';
import type { Scorer } from '../src/score/scorer.ts';
import { THRESHOLDS } from '../src/thresholds.ts';
import { truthOf } from './calibrate.ts';
import type { Row } from './data.ts';
import { averagePrecision } from './metrics.ts';

/** What a model card is written from. */
export interface CardInput {
  readonly name: string;
  readonly bytes: number;
  readonly features: number;
  readonly hidden: number;
  /** `LICENSES.md` of the data. */
  readonly licences: string;
  readonly rows: readonly Row[];
  readonly development: readonly Row[];
  readonly scorer: Scorer;
}

/** The model card: what it is, what it learnt from and by whose leave, how it does, where it fails. */
export function writeCard({ name, bytes, features, hidden, licences, rows, development, scorer }: CardInput): string {
  return `# ${name}

Written by \`train/main.ts\`, which trains the model: do not edit.

A network over ${features.toLocaleString('en')} features of English text (words, pairs of words, words with one between,
pieces of words of 3 to 5 characters, categories of a lexicon) with ${hidden} hidden units, ${bytes.toLocaleString('en')} bytes.
It gives eleven outputs; the scores of OpenAI's thirteen categories are made of them. Scores say how this model ranks
texts; they are no probabilities, and are not comparable to those of other models.

## Use

A first look, a fallback, a default for tests: see the README of the package, with the figures on data that the model
never saw. Not for decisions about people, and not the only guard of anything that matters.

## Learnt from

${rows.length.toLocaleString('en')} rows, among them ${rows.filter(({ source }) => source === 'templates').length.toLocaleString('en')} harmless sentences made by template. None of the text is in the package.

${sourceTable(licences, new Set(rows.map(({ source }) => source)))}

Files that were written to be hard count three times. Outputs become scores by weights that were fitted on files which
the networks that they were fitted for had not seen. A text is judged by two questions: whether it is harmful at all, to
which the strongest signs of anything count, and as what, where a category loses to a stronger one.

Rows labelled hate are not taken for harassment too, and threats that are only implied not for violence. \`sexual/minors\`
is a rule: the score of \`sexual\`, times how surely somebody under age is spoken of near it. \`violence/graphic\` is a rule:
\`violence\`, times how many words for blood and bodies there are; \`violence\` is no less. Nothing was labelled with either. A
threat is a rule as well: the score of \`harassment\` or \`hate\`, times how surely what is that threatens besides. The latter is one
half where a threat is as likely as not, were one in ten of such texts a threat.

## On rows kept apart

One row in ten was not learnt from; text of the same files, and therefore easier than text from elsewhere.

${figureTable(development, scorer)}

## Thresholds

${Object.entries(THRESHOLDS)
  .map(([strictness, threshold]) => `\`${strictness}\`: ${threshold}`)
  .join(
    ', ',
  )}, the same in every category. One half is where, of the rows kept apart, 5 in 10,000 everyday requests and 17 in 1,000
comments of all sorts would be flagged as anything at all; in categories that are not flagged, 2 in 1,000 comments.

## Known failures

- Hate and harassment without a telling word; irony; what only the conversation before makes abusive.
- Counter-speech, quotation and negation next to strong words; reclaimed words.
- Violence that is told and not threatened, and figures of speech for it.
- \`illicit\`: requests only, and many look-alikes. Never flagged by itself.
- Other languages are not judged, save where something is flagged as in English; neither are encodings such as base64.
- The data is mostly comments of the years 2012 to 2021, from the United States and Britain, and so are its blind spots.
`;
}

/** The rows of the tables in \`LICENSES.md\` that belong to files which were used. */
function sourceTable(licences: string, used: ReadonlySet<string>): string {
  const lines = licences
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter((cells) => used.has(cells[1] ?? '') && cells.length >= 10)
    .map(
      ([, file, count, , source, licence, , , repository]) =>
        `| ${file} | ${count} | ${source} | ${licence} | ${repository} |`,
    );
  return ['| file | rows | source | licence | repository@commit |', '| --- | --- | --- | --- | --- |', ...lines].join(
    '\n',
  );
}

function figureTable(development: readonly Row[], scorer: Scorer): string {
  const scored = development.map(({ text }) => scorer.score(text));
  const lines = CATEGORIES.filter((category) => !BY_RULE.includes(category)).map((category) => {
    const known = development.flatMap((row, at) => {
      const truth = truthOf(row, category);
      const score = scored[at]?.scores[category];
      return truth === undefined || score === undefined ? [] : [{ truth, score }];
    });
    const positives = known.filter(({ truth }) => truth === 1).length;
    const area = averagePrecision(
      known.map(({ score }) => score),
      known.map(({ truth }) => truth),
    );
    return `| ${category} | ${known.length} | ${positives} | ${positives < 10 ? 'too few' : area.toFixed(3)} |`;
  });
  return ['| category | rows | positive | AUPRC |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

const BY_RULE: readonly EmbeddedCategory[] = ['sexual/minors', 'violence/graphic'];
