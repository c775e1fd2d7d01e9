const NUMBER = /'([a-z_]+)':\s*'?(-?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf|nan))'?/gi;

/**
 * The numbers of a line like `{'loss': '2.345', 'grad_norm': '0.81', 'learning_rate': '1e-04', 'epoch': '0.5'}`, as the
 * Hugging Face trainer prints it (as strings since version 5, bare before); undefined for any other line, and for the
 * summary at the end of a training. What is not finite is left out.
 */
export function parseLossLine(line: string): Readonly<Record<string, number>> | undefined {
  const text = line.trim();
  if (!text.startsWith('{') || !text.endsWith('}') || !/'(loss|eval_loss)':/.test(text)) return undefined;
  const numbers: Record<string, number> = {};
  for (const [, name, value] of text.matchAll(NUMBER)) {
    if (name && Number.isFinite(Number(value))) numbers[name] = Number(value);
  }
  return numbers;
}

/** What stands in stdout where an engine was begun again; `workers/remote/slurm_keeper.py` writes it. */
export const isBegunAgain = (line: string): boolean => line.startsWith('--- begun again by Slurm');

/**
 * Puts the gradient norms of stdout beside the steps of `trainer_log.jsonl`, which lacks them: in one session the n-th
 * printed loss and the n-th logged loss are the same step. Hands out what is complete; both may come first.
 */
export class GradNorms {
  #printed: (number | undefined)[] = [];
  #steps: number[] = [];
  #paired = 0;

  /** Another session prints from now on: what has no step yet will get none. */
  forgetPrinted(): void {
    this.#printed = this.#printed.slice(0, this.#paired);
  }

  /** Another session's steps follow. */
  forgetSteps(): void {
    this.#steps = this.#steps.slice(0, this.#paired);
  }

  onPrinted(numbers: Readonly<Record<string, number>>): { step: number; value: number }[] {
    if ('loss' in numbers) this.#printed.push(numbers['grad_norm']);
    return this.#pairs();
  }

  onStep(step: number): { step: number; value: number }[] {
    this.#steps.push(step);
    return this.#pairs();
  }

  #pairs(): { step: number; value: number }[] {
    const pairs = [];
    while (this.#paired < Math.min(this.#printed.length, this.#steps.length)) {
      const [step, value] = [this.#steps[this.#paired], this.#printed[this.#paired]];
      this.#paired += 1;
      if (step !== undefined && value !== undefined) pairs.push({ step, value });
    }
    return pairs;
  }
}
