import { errorLine } from '../../platform/errors.ts';

/** Work that no caller waits for: one after another, its errors go to the log. */
export class Background {
  #last: Promise<void> = Promise.resolve();
  #count = 0;

  constructor(readonly log: (text: string) => void) {}

  get busy(): boolean {
    return this.#count > 0;
  }

  run(work: () => Promise<void>): void {
    this.#count += 1;
    this.#last = this.#last.then(async () => {
      try {
        await work();
      } catch (error) {
        this.log(errorLine(error));
      } finally {
        this.#count -= 1;
      }
    });
  }

  settled(): Promise<void> {
    return this.#last;
  }
}
