import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Row } from '../table.ts';

/** Bytes of core, minified and gzipped. */
export interface CoreSize {
  /** Its own code. */
  readonly own: number;
  /** With eventemitter3, quick-lru and zod in it. */
  readonly withDependencies: number;
}

/** What core is to weigh, in bytes; a KB is 1,024 of them. */
export const CORE_SIZE_GOALS: CoreSize = { own: 15 * 1_024, withDependencies: 30 * 1_024 };

/**
 * What it may weigh, so that it grows only on purpose. It is above its goals since the panel has retries, breakers, quotas,
 * batches, long texts and composites, and streams have windows: each is more than what was left. Presets, `extendPolicy`,
 * `shadow` and `enabled` are 1.0 KB of it; what routes need (recognising what was let out, whole documents in streams,
 * `clean`, `waitUntil`, the words on self-harm) 1.7 KB.
 */
export const CORE_SIZE_LIMITS: CoreSize = { own: 30.5 * 1_024, withDependencies: 39.5 * 1_024 };

/** What everything that core exports weighs: nothing is shaken out of it but what no export reaches. */
export async function measureCoreSize(): Promise<CoreSize> {
  return { own: await gzipped('external'), withDependencies: await gzipped('bundle') };
}

async function gzipped(packages: 'external' | 'bundle'): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(import.meta.resolve('@chaperone/core'))],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2024',
    packages,
    write: false,
    logLevel: 'silent',
  });
  const [file] = outputFiles;
  if (!file) throw new Error('esbuild wrote no bundle of core');
  return gzipSync(file.contents, { level: 9 }).byteLength;
}

export async function measureCoreSizeRows(): Promise<readonly Row[]> {
  const size = await measureCoreSize();
  const row = (what: string, part: keyof CoreSize): Row => ({
    what,
    goal: CORE_SIZE_GOALS[part] / 1_024,
    measured: size[part] / 1_024,
    unit: 'KB',
    digits: 1,
  });
  return [
    row('core, minified and gzipped: own code', 'own'),
    row('core, minified and gzipped: with its dependencies', 'withDependencies'),
  ];
}
