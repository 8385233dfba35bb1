import { Presets, SingleBar } from 'cli-progress';
import type { Screen } from '../screen.ts';

export interface Progress {
  step(): void;
  stop(): void;
}

/** A bar on a terminal; elsewhere, where a bar would be a heap of lines, a line for each quarter. */
export function startProgress(screen: Screen, total: number): Progress {
  return screen.isTerminal ? startBar(total) : startLines(screen, total);
}

function startBar(total: number): Progress {
  const bar = new SingleBar(
    {
      format: '  {bar}  {value} of {total} lines, {duration_formatted}',
      stream: process.stdout,
      hideCursor: true,
      gracefulExit: false, // it would take the first Ctrl-C for itself, and the run would go on
    },
    Presets.shades_classic,
  );
  const interrupt = (): void => {
    bar.stop(); // shows the cursor again
    process.exit(130);
  };
  process.once('SIGINT', interrupt);
  bar.start(total, 0);
  return {
    step: () => bar.increment(),
    stop() {
      process.off('SIGINT', interrupt);
      bar.stop();
    },
  };
}

function startLines(screen: Screen, total: number): Progress {
  let done = 0;
  return {
    step() {
      done += 1;
      if (Math.floor((4 * done) / total) > Math.floor((4 * (done - 1)) / total))
        screen.line(`  ${done} of ${total} lines`);
    },
    stop: () => undefined,
  };
}
