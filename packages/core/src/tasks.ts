/** Work that runs beside calls. */
export class Tasks {
  readonly #running = new Set<Promise<unknown>>();

  /** Keeps count of work; what it rejects with is nobody's. */
  run(work: Promise<unknown>): void {
    const task = work.catch(() => {}).finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  /** Resolves when nothing runs any longer, what was begun in the meantime included. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
