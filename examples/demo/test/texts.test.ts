import { createGuard } from '@chaperone/core';
import { embedded } from '@chaperone/embedded';
import { expect, test } from 'vitest';
import { EMBEDDED_TIERS, rulesOf } from '../src/policy.ts';
import { INSULT, MILD_INSULT } from '../src/texts.ts';

const guard = createGuard({ moderators: [embedded()], policy: { categories: rulesOf(EMBEDDED_TIERS) } });

test('the insult is far above the block, so that scenes outlive a model that is trained anew', async () => {
  const { findings } = await guard.check(INSULT);
  expect(findings).toEqual([expect.objectContaining({ category: 'harassment', action: 'block' })]);
  expect(findings[0]?.score).toBeGreaterThan(EMBEDDED_TIERS.block + 0.3);
});

test('the mild insult is worth a warning or a look, and no block; choose another where a new model is surer', async () => {
  const { findings, action } = await guard.check(MILD_INSULT);
  expect(findings).toEqual([expect.objectContaining({ category: 'harassment' })]);
  expect(['warn', 'review']).toContain(action);
});
