import { expect, test } from 'vitest';
import { CORE_SIZE_LIMITS, measureCoreSize } from '../src/measure/core-size.ts';

test('core stays small: minified and gzipped, alone and with its dependencies', async () => {
  const size = await measureCoreSize();
  console.log(`core: ${size.own} bytes of its own, ${size.withDependencies} with its dependencies (minified, gzipped)`);

  expect(size.own).toBeGreaterThan(1_000); // the bundle holds something
  expect(size.withDependencies).toBeGreaterThan(size.own);
  expect(size.own).toBeLessThanOrEqual(CORE_SIZE_LIMITS.own);
  expect(size.withDependencies).toBeLessThanOrEqual(CORE_SIZE_LIMITS.withDependencies);
});
