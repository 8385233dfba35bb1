import { guardOpenAI } from '@chaperone/openai';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { openService } from '../src/service.ts';
import { watchOnly } from '../src/watch.ts';

test('Nothing is changed, and a line tells what would have been, without a word of it', async () => {
  await using service = await openService();
  const lines: string[] = [];
  const guard = watchOnly(service, (line) => lines.push(line));
  const openai = guardOpenAI(
    new OpenAI({ apiKey: service.apiKey, baseURL: service.baseURL }),
    guard.with({ user: 'u-1' }),
  );
  const messages = [{ role: 'user' as const, content: 'What is its secret?' }];
  const completion = await openai.chat.completions.create({ model: 'gpt-5-mini', messages });
  expect(completion.choices[0]?.message.content).toContain('zorp');
  await guard.idle();
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { event: 'flagged', stage: 'output', user: 'u-1', findings: [{ category: 'violence', action: 'block' }] },
  ]);
  expect(lines.join('\n')).not.toMatch(/zorp|secret/);
});
