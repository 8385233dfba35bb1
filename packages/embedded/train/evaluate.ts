/** Measures the model on `eval/`: `node train/evaluate.ts <data folder>`. Nothing here is learnt or chosen from. */
import { join } from 'node:path';
import { loadModel } from '../src/model/load.ts';
import { createScorer } from '../src/score/scorer.ts';
import { flaggedIn, type Strictness } from '../src/thresholds.ts';
import { readRows, type Row } from './data.ts';
import { measureCascade } from './measure/cascade.ts';
import { measureLanguages } from './measure/languages.ts';
import { measureOperatingPoint } from './measure/operating-point.ts';
import { compareJudges } from './measure/judges.ts';
import { isPositive, measureRanking } from './measure/ranking.ts';
import { measureRobustness } from './measure/robustness.ts';
import { createSubject } from './measure/subject.ts';
import { createPeers, type Judge } from './peers.ts';
import { measuredTemplates } from './templates.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('Say where the data is: node train/evaluate.ts <data folder>');
const rows = readRows(join(folder, 'eval'));
const of = (source: string): readonly Row[] => rows.filter((row) => row.source === source);
const templates = measuredTemplates();
const peers = createPeers();
const [obscenity] = peers;
if (!obscenity) throw new Error('There is no word list to compare with.');

const subject = await createSubject();
const models: readonly Judge[] = (['strict', 'balanced', 'lenient'] as const).map((strictness: Strictness) => ({
  name: `embedded, ${strictness}`,
  flags: (text) => subject.flags(text, strictness),
}));

const openai = of('openai-public');
measureRanking(subject, openai, obscenity);

const xstest = of('xstest-public');
const everyday = ['banking77', 'clinc', 'sgd', 'mtbench'];
compareJudges(
  [...models, ...peers],
  [
    { name: 'openai-public, any category', rows: openai },
    { name: 'hatemojicheck', rows: of('hatemojicheck') },
    { name: 'xstest-public (positive: unsafe)', rows: xstest },
  ],
  [
    ...everyday.map((name) => ({ name, rows: of(`benign-${name}`) })),
    { name: 'these four', rows: everyday.flatMap((name) => of(`benign-${name}`)) },
    { name: 'goemotions', rows: of('benign-goemotions') },
    { name: 'xstest safe', rows: xstest.filter((row) => !isPositive(row)) },
    ...[...new Set(templates.map(({ type }) => type ?? ''))].map((type) => ({
      name: type,
      rows: templates.filter((row) => row.type === type),
    })),
  ],
);

measureOperatingPoint(subject, 'hatemojicheck', of('hatemojicheck'), 0.3);

measureLanguages(subject, [
  ...readRows(join(folder, 'multi')),
  ...openai,
  ...everyday.flatMap((name) => of(`benign-${name}`)),
]);

measureCascade(
  subject,
  everyday.flatMap((name) => of(`benign-${name}`)),
  of('benign-goemotions'),
  openai,
);

const scorer = createScorer(await loadModel(), { normalises: false });
const plain: Judge = {
  name: 'normaliser off',
  flags: (text) => flaggedIn(scorer.score(text).scores, 'balanced').length > 0,
};
const [, balanced] = models;
if (balanced)
  measureRobustness(
    [balanced, plain, ...peers],
    [...openai, ...of('hatemojicheck')].filter(isPositive),
    everyday.flatMap((name) => of(`benign-${name}`)).filter((_, at) => at % 7 === 0),
  );
