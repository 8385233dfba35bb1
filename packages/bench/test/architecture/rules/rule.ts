import type { Import, ParsedFile } from '../parse.ts';
import type { Manifest, SourceText } from '../source.ts';

export interface ParsedPackage {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly files: readonly ParsedFile[];
}

/** A promise about the house, and a file that breaks it: the test proves that the rule would see it. */
export interface Rule {
  readonly name: string;
  /** Each break as `path:line, what`. */
  readonly check: (packages: readonly ParsedPackage[]) => readonly string[];
  readonly planted: readonly SourceText[];
}

/** A rule about single imports. */
export function everyImport(
  name: string,
  breaks: (imported: Import, file: ParsedFile, owner: ParsedPackage) => boolean,
  planted: readonly SourceText[],
): Rule {
  return {
    name,
    planted,
    check: (packages) =>
      packages.flatMap((owner) =>
        owner.files.flatMap((file) =>
          file.imports
            .filter((imported) => breaks(imported, file, owner))
            .map(({ specifier, line }) => `${file.path}:${line}, imports ${specifier}`),
        ),
      ),
  };
}

/** A rule about single lines. */
export function noLines(
  name: string,
  lines: (file: ParsedFile, owner: ParsedPackage) => readonly number[],
  planted: readonly SourceText[],
): Rule {
  return {
    name,
    planted,
    check: (packages) =>
      packages.flatMap((owner) =>
        owner.files.flatMap((file) => lines(file, owner).map((line) => `${file.path}:${line}, ${name}`)),
      ),
  };
}

/** A file that is not there. */
export const plant = (path: string, text: string): SourceText => ({ path: `packages/${path}`, text });

export const isRelative = (specifier: string): boolean => specifier.startsWith('.') || specifier.startsWith('/');

/** `zod/mini` → `zod`, `@chaperone/core/x` → `@chaperone/core`. */
export function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

export const isPublished = ({ manifest }: ParsedPackage): boolean => manifest.private !== true;
