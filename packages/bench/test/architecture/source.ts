import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const ROOT: string = fileURLToPath(new URL('../../../../', import.meta.url));

export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** One source file: its path from the root of the repository, with `/`, and its text. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

export interface PackageSource {
  /** The folder in `packages/`. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly files: readonly SourceText[];
}

/** Every package with the source that it ships: `src`, without the tests beside it. */
export function readPackages(): readonly PackageSource[] {
  return readdirSync(join(ROOT, 'packages'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name: folder }) => ({
      folder,
      manifest: JSON.parse(readFileSync(join(ROOT, 'packages', folder, 'package.json'), 'utf8')) as Manifest,
      files: readdirSync(join(ROOT, 'packages', folder, 'src'), { recursive: true, encoding: 'utf8' })
        .map((file) => file.replaceAll('\\', '/'))
        .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.endsWith('.test-d.ts'))
        .toSorted()
        .map((file) => ({
          path: `packages/${folder}/src/${file}`,
          text: readFileSync(join(ROOT, 'packages', folder, 'src', file), 'utf8'),
        })),
    }));
}
