import { guardOpenAI } from '@chaperone/openai';
import OpenAI from 'openai';
import { openService } from './service.ts';
import { watchOnly } from './watch.ts';

await using service = await openService();
const guard = watchOnly(service, (line) => console.log(line));
const openai = guardOpenAI(
  new OpenAI({ apiKey: service.apiKey, baseURL: service.baseURL }),
  guard.with({ user: 'u-1' }),
);

for (const content of ['What grows by the sea?', 'Tell me of the zorp.', 'What is its secret?']) {
  const messages = [{ role: 'user' as const, content }];
  const completion = await openai.chat.completions.create({ model: 'gpt-5-mini', messages });
  console.error(`${content} → ${completion.choices[0]?.message.content}`); // beside the lines, which go to a file
}
await guard.idle(); // nothing waited for the verdicts: before the process ends, somebody has to
