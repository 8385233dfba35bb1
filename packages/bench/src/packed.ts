/** What would be published, in an empty project: `pnpm test:packed`. */
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inspect } from './packed/inspect.ts';
import { build, lint, pack, PUBLISHED } from './packed/pack.ts';
import { install, oldestNode, runConsumer, typeCheck } from './packed/project.ts';
import { StepFailed } from './packed/run.ts';

const root = resolve(import.meta.dirname, '../../..');

async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  process.stdout.write(`${title} … `);
  const result = await work();
  console.log(`${typeof result === 'string' ? `${result}, ` : ''}${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

async function inspectAll(project: string): Promise<void> {
  const problems: string[] = [];
  for (const folder of PUBLISHED) {
    const found = await inspect(join(project, 'node_modules/@chaperone', folder), root);
    problems.push(...found.map((problem) => `@chaperone/${folder}: ${problem}`));
  }
  if (problems.length > 0) throw new StepFailed(problems.join('\n'));
}

/** What a user has beside the packages; whoever checks libraries too needs types that the AI SDK does not bring. */
const BESIDE = ['openai', 'ai', '@ai-sdk/openai-compatible', '@types/json-schema', '@types/node'] as const;

async function installedVersions(): Promise<Record<string, string>> {
  const versionOf = async (name: string): Promise<string> => {
    const manifest = await readFile(join(import.meta.dirname, '../node_modules', name, 'package.json'), 'utf8');
    return (JSON.parse(manifest) as { readonly version: string }).version;
  };
  const versions: Record<string, string> = {};
  for (const name of BESIDE) versions[name] = await versionOf(name);
  return versions;
}

const folder = await realpath(await mkdtemp(join(tmpdir(), 'chaperone-packed-')));
try {
  const project = join(folder, 'project');
  const tarballs: Record<string, string> = {};
  await step('Building', () => build(root));
  for (const name of PUBLISHED) {
    const tarball = await step(`Packing @chaperone/${name}`, async () => {
      tarballs[name] = await pack(root, name, folder);
    }).then(() => tarballs[name] ?? '');
    await step(`  publint and attw`, () => lint(root, tarball));
  }
  await step('Installing the tarballs into an empty project', async () =>
    install(project, tarballs, await installedVersions()),
  );
  await step('Looking at what is in them', () => inspectAll(project));
  await step('Type-checking a consumer, libraries included', () => typeCheck(root, project));
  await step('Guarding calls', () => runConsumer(project, process.execPath));
  await step('Guarding calls', () => runConsumer(project, oldestNode(project)));
  console.log('The packed packages do what they should.');
} catch (error) {
  console.error(`\n${error instanceof StepFailed ? error.message : String(error)}`);
  console.error('\nThe packed packages are not fit to be published.');
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
