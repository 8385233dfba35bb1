import { compare } from './compare.ts';

for (const { text, arrangement, action, asked } of await compare())
  console.log(
    `${arrangement.padEnd(15)} ${text.padEnd(24)} ${action.padEnd(6)} asked: first ${asked[0]}, second ${asked[1]}`,
  );
