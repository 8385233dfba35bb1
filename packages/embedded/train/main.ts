/** Trains the model from the data: `node train/main.ts <data folder>`. The same data gives the same bytes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checksum } from '../src/model/checksum.ts';
import { bytesOf, learnFrom, scorerOf } from './build.ts';
import { calibrate, withHalves } from './calibrate.ts';
import { writeCard } from './card.ts';
import { manifestOf, readLexicon, readRows } from './data.ts';
import { toExamples } from './examples.ts';
import { join as joinRows } from './join.ts';
import { toLexicon } from './lexicon.ts';
import { createProgress } from './progress.ts';
import { relabel } from './relabel.ts';
import { learntTemplates } from './templates.ts';

const NAME = 'chaperone-embedded-2026-11-26';

/**
 * Files that a first network does not see. What it makes of them says how sure a network may be of text from elsewhere,
 * which is what it will judge; what it makes of more rows of the files that it has seen does not.
 */
const KEPT_APART = new Set([
  'ailuminate',
  'convabuse',
  'diasafety',
  'forbidden_questions',
  'multijail_en',
  'rtp_perspective',
  'surge_toxicity',
]);

const folder = process.argv[2];
if (folder === undefined) throw new Error('Say where the data is: node train/main.ts <data folder> [<output folder>]');
const output = process.argv[3] ?? join(import.meta.dirname, '..');
const progress = createProgress();

progress.step('reading');
const manifest = JSON.parse(readFileSync(join(import.meta.dirname, 'manifest.json'), 'utf8')) as Record<string, string>;
const given = manifestOf(folder, ['train']);
const changed = Object.keys({ ...manifest, ...given }).filter((file) => manifest[file] !== given[file]);
if (changed.length > 0) process.stderr.write(`Not the data of the manifest: ${changed.join(', ')}\n`);
const rows = [...readRows(join(folder, 'train')).map(relabel), ...learntTemplates()];
const lexicon = toLexicon(readLexicon(folder));

progress.step('taking texts apart');
const examples = toExamples(rows, lexicon, (done) => progress.tell(`${done} of ${rows.length}`));
const isLearnt = (row: number): boolean => examples.isDevelopment[row] === 0;
const isApart = (row: number): boolean => KEPT_APART.has(examples.sources[row] ?? '');

progress.step('learning to calibrate');
const first = scorerOf(
  learnFrom(examples, (row) => isLearnt(row) && !isApart(row), progress),
  lexicon,
);
const apart = rows.filter((_, row) => isApart(row));
const shown = [...apart, ...joinRows(apart)];
const relative = calibrate(
  shown,
  shown.map(({ text }) => first.weigh(text)),
);

progress.step('learning');
const learnt = learnFrom(examples, isLearnt, progress);

progress.step('calibrating');
const development = rows.filter((_, row) => !isLearnt(row));
const calibration = withHalves(relative, development, scorerOf(learnt, lexicon).weigh);
const bytes = bytesOf(NAME, learnt, lexicon, calibration);

progress.step('writing');
writeFileSync(
  join(output, 'src/model/weights.ts'),
  `/** The model, in base64: written by train/main.ts. */\nexport const WEIGHTS: string =\n  '${Buffer.from(bytes).toString('base64')}';\n`,
);
writeFileSync(
  join(output, 'src/model/model-revision.ts'),
  `/** What tells this model from others before it is loaded: its CRC-32, written by train/main.ts. */\nexport const MODEL_REVISION: string = '${checksum(bytes).toString(16).padStart(8, '0')}';\n`,
);
progress.step('writing the model card');
writeFileSync(
  join(output, 'MODEL_CARD.md'),
  writeCard({
    name: NAME,
    bytes: bytes.length,
    features: learnt.features.length,
    hidden: learnt.network.hidden,
    licences: readFileSync(join(folder, 'LICENSES.md'), 'utf8'),
    rows,
    development,
    scorer: scorerOf(learnt, lexicon, calibration),
  }),
);
progress.end();
process.stderr.write(`${bytes.length} bytes\n`);
