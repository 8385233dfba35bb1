/** The model and the moderation endpoint in a process of their own, as the real ones are. Timing comes as JSON. */
import { startServer, type Timing } from '@chaperone/testing';

const timing = JSON.parse(process.argv[2] ?? '{}') as Timing; // what `server-process.ts` hands in
let said = 0;

/** About 600 characters in sentences of about 60, no two replies alike. */
function reply(): string {
  const number = ++said;
  return Array.from(
    { length: 10 },
    (_, at) => `Reply ${number} says in its sentence ${at} that all the borogoves were mimsy. `,
  ).join('');
}

const server = await startServer({ timing, chat: () => reply() });
console.log(server.url);
process.on('disconnect', () => process.exit());
