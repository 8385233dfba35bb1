import { expect, test } from 'vitest';
import { soak } from '../src/soak/soak.ts';

test('A route under load answers every request as it should (a small soak; pnpm soak is the long one)', async () => {
  const { answered, wrong } = await soak(300);
  expect(answered).toBe(300);
  expect(wrong).toBe(0);
});
