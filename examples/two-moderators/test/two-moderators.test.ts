import { expect, test } from 'vitest';
import { compare } from '../src/compare.ts';

test('Two models judge together: any, both, and a second opinion where the first is not sure', async () => {
  const rows = await compare();
  const actionsOf = (name: string) =>
    rows.filter(({ arrangement }) => arrangement === name).map(({ action }) => action);
  expect(actionsOf('any')).toEqual(['allow', 'block', 'block', 'block']);
  expect(actionsOf('both')).toEqual(['allow', 'block', 'allow', 'allow']);
  expect(actionsOf('second opinion')).toEqual(['allow', 'block', 'allow', 'allow']);
  expect(rows.filter(({ arrangement }) => arrangement === 'second opinion').map(({ asked }) => asked)).toEqual([
    [1, 0],
    [1, 0],
    [1, 1],
    [1, 0],
  ]);
});
