import { isUsageError, readArguments, type Arguments } from './arguments.ts';
import { runConversations } from './conversations/index.ts';
import { HELP } from './help.ts';
import { playScenes } from './scenes/index.ts';
import { createScreen } from './screen.ts';
import { openService } from './service.ts';

/** Who reads only the first lines closes the pipe: no reason to complain. */
process.stdout.on('error', () => process.exit(0));

try {
  process.exitCode = await main(readArguments(process.argv.slice(2)));
} catch (error) {
  if (!isUsageError(error)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

async function main({ help, input, strict }: Arguments): Promise<number> {
  const screen = createScreen(process.stdout);
  if (help) {
    screen.line(HELP);
    return 0;
  }
  await using service = await openService();
  // Awaited here: the service closes when this function ends.
  return await (input === undefined
    ? playScenes(service, screen)
    : runConversations(service, screen, { input, strict }));
}
