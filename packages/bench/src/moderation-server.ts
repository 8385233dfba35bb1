/** A moderation endpoint in a process of its own, as the real one is: it answers after so many milliseconds. */
import { startServer } from '@chaperone/testing';

const server = await startServer({ timing: { moderation: Number(process.argv[2]) } });
console.log(server.url);
process.on('disconnect', () => process.exit());
