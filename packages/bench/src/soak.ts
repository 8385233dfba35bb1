import { soak } from './soak/soak.ts';

// `pnpm soak`, or `pnpm soak 500` for fewer requests.
const requests = Number(process.argv[2] ?? 10_000);
const { answered, wrong, settled, heapBefore, heapAfter, seconds } = await soak(requests);
const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
console.log(
  `${answered} of ${requests} requests answered in ${seconds.toFixed(1)} s, ${wrong} of them wrongly; ${settled} settled`,
);
console.log(`heap ${mib(heapBefore)} before, ${mib(heapAfter)} after`);
const isGood = answered === requests && wrong === 0 && heapAfter - heapBefore < 16 * 1024 * 1024;
if (!isGood) process.exitCode = 1;
