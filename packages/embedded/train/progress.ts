/** Tells how far it is. */
export interface Progress {
  step(title: string): void;
  tell(state: string): void;
  end(): void;
}

/** One line on the terminal, written over itself. */
export function createProgress(): Progress {
  const isTerminal = process.stderr.isTTY;
  let title = '';
  let begun = performance.now();
  const seconds = (): string => `${((performance.now() - begun) / 1000).toFixed(0)} s`;
  const end = (): void => {
    if (title !== '') process.stderr.write(`${isTerminal ? '\r\u001b[K' : ''}${title}: ${seconds()}\n`);
    title = '';
  };
  return {
    step(next) {
      end();
      title = next;
      begun = performance.now();
    },
    tell(state) {
      if (isTerminal) process.stderr.write(`\r\u001b[K${title}: ${state}, ${seconds()}`);
    },
    end,
  };
}
