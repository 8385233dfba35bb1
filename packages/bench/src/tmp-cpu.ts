import { measureStreamCpu } from './measure/stream-cpu.ts';
for (const row of await measureStreamCpu(60)) console.log(row.what, row.measured);
