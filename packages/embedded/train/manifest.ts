/** Writes down which data the model is trained and measured on: `node train/manifest.ts <data folder>`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manifestOf } from './data.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('Say where the data is: node train/manifest.ts <data folder>');
writeFileSync(
  join(import.meta.dirname, 'manifest.json'),
  `${JSON.stringify(manifestOf(folder, ['train']), null, 2)}\n`,
);
