import { posix } from 'node:path';
import { everyImport, isPublished, isRelative, packageOf, plant, type ParsedPackage, type Rule } from './rule.ts';

const CORE_LIBRARIES = ['eventemitter3', 'quick-lru', 'zod'];

/** What moderators may use beside core and zod: data about Unicode and languages, and a parser of patterns. */
const MODERATOR_LIBRARIES = /confusable|^franc-min$|^@eslint-community\/regexpp$/;

/** Packages that are neither adapters nor private: they teach no protocol. */
const NO_ADAPTERS = ['core', 'moderators', 'embedded', 'testing'];

/** The SDKs and frameworks that adapters are for. */
const SDKS = [
  /^openai$/,
  /^ai$/,
  /^@ai-sdk\//,
  /^@anthropic-ai\//,
  /^@google\/genai$/,
  /^@langchain\//,
  /^express$/,
  /^hono$/,
  /^next$/,
];

/** The one sibling beside core that a package may import: it carries on what that one does. */
const SIBLINGS: { readonly [folder: string]: string | undefined } = {
  http: '@chaperone/openai',
  express: '@chaperone/http',
};

const sdkOf = (specifier: string): string | undefined =>
  SDKS.some((sdk) => sdk.test(packageOf(specifier))) ? packageOf(specifier) : undefined;

const isAdapter = (one: ParsedPackage): boolean => isPublished(one) && !NO_ADAPTERS.includes(one.folder);

/** Who may import whom, and what. */
export const PACKAGE_RULES: readonly Rule[] = [
  everyImport(
    'core imports no sibling, no SDK, no node: module, only its three libraries',
    ({ specifier }, _file, { folder }) =>
      folder === 'core' && !isRelative(specifier) && !CORE_LIBRARIES.includes(packageOf(specifier)),
    [
      plant('core/src/planted.ts', `import type { Server } from '@chaperone/testing';`),
      plant('core/src/planted.ts', `const { readFile } = await import('node:fs/promises');`),
      plant('core/src/planted.ts', `export type Client = import('openai').OpenAI;`),
      plant('core/src/planted.ts', `export { LRUCache } from 'lru-cache';`),
    ],
  ),
  everyImport(
    'moderators import core, zod, their data about texts and a parser of patterns, nothing else',
    ({ specifier }, _file, { folder }) =>
      folder === 'moderators' &&
      !isRelative(specifier) &&
      !['@chaperone/core', 'zod'].includes(packageOf(specifier)) &&
      !MODERATOR_LIBRARIES.test(specifier),
    [plant('moderators/src/planted.ts', `import { guardFetch } from '@chaperone/openai';`)],
  ),
  everyImport(
    'embedded imports core, nothing else',
    ({ specifier }, _file, { folder }) =>
      folder === 'embedded' && !isRelative(specifier) && specifier !== '@chaperone/core',
    [
      plant('embedded/src/planted.ts', `import * as z from 'zod/mini';`),
      plant('embedded/src/planted.ts', `import { readFile } from 'node:fs/promises';`),
    ],
  ),
  everyImport(
    'only testing imports node: modules',
    ({ specifier }, _file, owner) => isPublished(owner) && owner.folder !== 'testing' && specifier.startsWith('node:'),
    [plant('openai/src/planted.ts', `import { createHash } from 'node:crypto';`)],
  ),
  everyImport(
    'of its siblings a package imports core alone; routes also read the wire that clients speak to them',
    ({ specifier }, _file, owner) =>
      isPublished(owner) &&
      specifier.startsWith('@chaperone/') &&
      !['@chaperone/core', SIBLINGS[owner.folder]].includes(packageOf(specifier)),
    [
      plant('http/src/planted.ts', `import { guardModel } from '@chaperone/ai-sdk';`),
      plant('express/src/planted.ts', `import { guardFetch } from '@chaperone/openai';`),
      plant('openai/src/planted.ts', `import { blocklist } from '@chaperone/moderators';`),
      plant('testing/src/planted.ts', `import { guardFetch } from '@chaperone/openai';`),
    ],
  ),
  {
    name: 'nobody imports two SDKs, and only adapters import one',
    planted: [
      plant('openai/src/planted.ts', `import type OpenAI from 'openai';\nimport type { LanguageModel } from 'ai';`),
      plant('testing/src/planted.ts', `import type OpenAI from 'openai';`),
    ],
    check: (packages) =>
      packages.filter(isPublished).flatMap((owner) => {
        const uses = owner.files.flatMap((file) =>
          file.imports.flatMap(({ specifier, line }) => {
            const sdk = sdkOf(specifier);
            return sdk ? [{ sdk, place: `${file.path}:${line}, imports ${sdk}` }] : [];
          }),
        );
        const allowed = isAdapter(owner) ? 1 : 0;
        return new Set(uses.map(({ sdk }) => sdk)).size > allowed ? uses.map(({ place }) => place) : [];
      }),
  },
  everyImport(
    'of an SDK an adapter imports the types alone',
    ({ specifier, typeOnly }, _file, owner) => isAdapter(owner) && sdkOf(specifier) !== undefined && !typeOnly,
    [
      plant('openai/src/planted.ts', `import OpenAI from 'openai';`),
      plant('openai/src/planted.ts', `import { type OpenAI, APIError } from 'openai';`),
    ],
  ),
  everyImport(
    'no import reaches into another package',
    ({ specifier }, file, { folder }) =>
      /^@chaperone\/[^/]+\//.test(specifier) ||
      (isRelative(specifier) && !posix.join(posix.dirname(file.path), specifier).startsWith(`packages/${folder}/`)),
    [
      plant('openai/src/planted.ts', `import { readVerdict } from '@chaperone/core/src/moderation/verdict.ts';`),
      plant('openai/src/planted.ts', `import { readVerdict } from '../../core/src/moderation/verdict.ts';`),
    ],
  ),
  everyImport(
    'every package that is imported is declared',
    ({ specifier }, _file, { manifest }) =>
      !isRelative(specifier) &&
      !specifier.startsWith('node:') &&
      !Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).includes(packageOf(specifier)),
    [plant('moderators/src/planted.ts', `import { skeleton } from 'undeclared-confusables';`)],
  ),
  everyImport(
    'nothing imports its own shop window',
    ({ specifier }, file, { folder }) =>
      isRelative(specifier) && posix.join(posix.dirname(file.path), specifier) === `packages/${folder}/src/index.ts`,
    [plant('core/src/policy/planted.ts', `import { reject } from '../index.ts';`)],
  ),
];
