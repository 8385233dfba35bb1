/** `pnpm bench`: what a guard costs, beside what it may cost. `pnpm bench --quick` takes fewer rounds. */
import { parseArgs } from 'node:util';
import { measureBatching } from './measure/batching.ts';
import { measureCoreSizeRows } from './measure/core-size.ts';
import { measureManyStreams } from './measure/many-streams.ts';
import { measureModelCpu } from './measure/model-cpu.ts';
import { measureReplyCpu } from './measure/reply-cpu.ts';
import { measureReplyLatency } from './measure/reply-latency.ts';
import { measureStreamCpu } from './measure/stream-cpu.ts';
import { measureStreams } from './measure/streams.ts';
import { holds, table, type Row } from './table.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });

const measurements: readonly { readonly title: string; readonly take: () => Promise<readonly Row[]> }[] = [
  { title: 'size of core', take: measureCoreSizeRows },
  { title: 'CPU per reply', take: () => measureReplyCpu(values.quick ? 8 : 24) },
  { title: 'batches under load', take: () => measureBatching(values.quick ? 3 : 6) },
  { title: 'streams', take: () => measureStreams(values.quick ? 3 : 8) },
  { title: 'CPU per token', take: () => measureStreamCpu(values.quick ? 8 : 24) },
  { title: 'CPU per token of an AI SDK model', take: () => measureModelCpu(values.quick ? 8 : 24) },
  { title: 'many streams at once', take: measureManyStreams },
  { title: 'latency of replies', take: () => measureReplyLatency(values.quick ? 4 : 12) },
];

const rows: Row[] = [];
for (const { title, take } of measurements) {
  console.log(`Measuring the ${title} …`);
  rows.push(...(await take()));
}
console.log(
  `\n${table(rows)}\n\nM moderation latency, G generation, T first token, F first window full; medians of interleaved rounds.`,
);

const missed = rows.filter((row) => !holds(row));
if (missed.length > 0) {
  console.log(`${missed.length} of ${rows.filter(({ goal }) => goal !== undefined).length} goals missed.`);
  process.exitCode = 1;
}
