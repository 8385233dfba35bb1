import { describe, expect, test } from 'vitest';
import { parse } from './architecture/parse.ts';
import { RULES } from './architecture/rules.ts';
import type { ParsedPackage } from './architecture/rules/rule.ts';
import { readPackages, type SourceText } from './architecture/source.ts';

const asItStands: readonly ParsedPackage[] = readPackages().map((owner) => ({
  ...owner,
  files: owner.files.map(parse),
}));

/** The house with a planted file in it, in the place of the one that has its path. */
function houseWith(planted: SourceText): readonly ParsedPackage[] {
  return asItStands.map((owner) =>
    planted.path.startsWith(`packages/${owner.folder}/`)
      ? { ...owner, files: [...owner.files.filter(({ path }) => path !== planted.path), parse(planted)] }
      : owner,
  );
}

test('the scan sees the house', () => {
  expect(asItStands.map(({ folder }) => folder)).toEqual(
    expect.arrayContaining(['bench', 'core', 'moderators', 'openai', 'testing']),
  );
  for (const { folder, files } of asItStands) expect(files.length, folder).toBeGreaterThan(0);
  const core = asItStands.find(({ folder }) => folder === 'core')?.files ?? [];
  expect(core.length).toBeGreaterThan(15);
  expect(core.flatMap(({ imports }) => imports).length).toBeGreaterThan(30);
});

describe.each(RULES)('$name', ({ check, planted }) => {
  test('holds', () => {
    expect(check(asItStands)).toEqual([]);
  });

  test.each(planted)('and would catch: $text', (file) => {
    expect(check(houseWith(file))).toContainEqual(expect.stringContaining(`${file.path}:`));
  });
});
