import { spawn } from 'node:child_process';

/** A step that did not do what it should; the message holds what there is to read about it. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
}

/** Runs a program to its end and gives what it wrote. A failure, or two minutes, throws with all of it. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => reject(new StepFailed(`${command} could not be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new StepFailed(`${[command, ...args].join(' ')} ended with ${code ?? signal}\n${output.trimEnd()}`));
    });
  });
}
