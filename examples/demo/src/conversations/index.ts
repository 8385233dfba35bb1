import { count, describeUnchecked } from '../describe.ts';
import { rulesInWords } from '../policy.ts';
import type { Screen } from '../screen.ts';
import type { Service } from '../service.ts';
import { writeBlockedLines } from './blocked-lines.ts';
import { writeCategoryTable } from './category-table.ts';
import { columnOf, STAGES } from './outcome.ts';
import { startProgress } from './progress.ts';
import { readConversations, type BadLine, type Conversation } from './read-lines.ts';
import { FALLBACK_IN_WORDS, run, type Result } from './run.ts';
import { createScript, SCRIPT_IN_WORDS } from './script.ts';
import { writeStageTable } from './stage-table.ts';

/** Runs a file of conversations through the guard. Gives the exit code. */
export async function runConversations(
  service: Service,
  screen: Screen,
  { input, strict }: { readonly input: string; readonly strict: boolean },
): Promise<number> {
  const { conversations, bad } = await readConversations(input);
  screen.title('Chaperone: conversations through the guard');
  screen.paragraph(service.introduction);
  if (service.server) screen.paragraph(SCRIPT_IN_WORDS);
  screen.paragraph(`Policy: ${rulesInWords(service.tiers)}.`);
  screen.paragraph(`Fallback: ${FALLBACK_IN_WORDS}.`);
  screen.line();
  const results = conversations.length > 0 ? await runAll(service, screen, conversations) : [];
  if (conversations.length === 0) screen.line(`  ${input} holds no conversation.`);
  writeBadLines(screen, bad, conversations.length);
  const isWhole = bad.length === 0 && results.every(({ error }) => error === undefined);
  return strict && !isWhole ? 1 : 0;
}

async function runAll(
  service: Service,
  screen: Screen,
  conversations: readonly Conversation[],
): Promise<readonly Result[]> {
  service.server?.setChat(createScript());
  const progress = startProgress(screen, conversations.length);
  const results = await run(service, conversations, progress.step).finally(progress.stop);
  screen.line();
  writeStageTable(screen, results);
  screen.line();
  screen.paragraph(
    'flagged: released with warn or review. retried: released after a retry. not reached: the call had ended before. ' +
      'unchecked: not everything could be judged, so it does not count as passed; what is unsupported is released all ' +
      'the same, what failed is not. ' +
      'median, p95: how long a call took at this stage, without the time of the model; a verdict that is remembered ' +
      'takes next to none.',
    2,
  );
  screen.line();
  writeCategoryTable(screen, results);
  writeUnchecked(screen, results);
  writeOmitted(screen, results);
  writeBlockedLines(screen, results);
  writeErrors(screen, results);
  return results;
}

function writeUnchecked(screen: Screen, results: readonly Result[]): void {
  for (const stage of STAGES) {
    const lines = results.filter((result) => columnOf(result, stage) === 'unchecked');
    const reasons = new Set(
      lines.flatMap((result) => {
        const decision = result[stage];
        return decision?.unchecked.map((each) => describeUnchecked(decision, each)) ?? [];
      }),
    );
    if (lines.length === 0) continue;
    screen.line();
    screen.paragraph(`Unchecked at the ${stage}: ${count(lines.length, 'line')}: ${[...reasons].join('; ')}`, 2);
  }
}

function writeOmitted(screen: Screen, results: readonly Result[]): void {
  const lines = results.filter(({ input }) => (input?.omitted.length ?? 0) > 0);
  if (lines.length === 0) return;
  screen.line();
  screen.line(
    `  In ${count(lines.length, 'line')} an older turn was replaced by a placeholder before the model saw it.`,
  );
}

function writeErrors(screen: Screen, results: readonly Result[]): void {
  const failed = results.filter(({ error }) => error !== undefined);
  if (failed.length === 0) return;
  screen.line();
  screen.line(`  ${count(failed.length, 'call')} ended in an error, at the model and not at the guard:`);
  for (const { number, error } of failed) screen.line(`  line ${String(number).padEnd(6)}${error}`);
}

/** Lines that are no conversation: they are in no row of the tables. */
function writeBadLines(screen: Screen, bad: readonly BadLine[], run: number): void {
  if (bad.length === 0) return;
  screen.line();
  screen.line(screen.style('yellow', `  ${count(bad.length, 'bad line')}, in no row above; ${count(run, 'line')} ran`));
  for (const { number, reason } of bad) screen.line(`  line ${String(number).padEnd(6)}${reason}`);
}
