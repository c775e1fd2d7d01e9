import path from 'node:path';
import type { JobReport } from '../jobs/worker.ts';
import { RagtuiError } from '../platform/errors.ts';
import { writeJsonAtomic, writeTextAtomic } from '../platform/files.ts';
import type { Message } from '../rag/types.ts';
import { ExampleReader } from './readers/training-example.ts';
import type { ServingChat } from './serving-chat.ts';
import { FileTail } from './tail-file.ts';
import { type CheckOptions, checkTemplate, type TemplateCheck } from './template-check.ts';
import { checkReport, differingTokens } from './template-report.ts';

export interface GuardedTraining extends CheckOptions {
  readonly report: JobReport;
  /** Folder of the job: `template-check.json` and `.txt` are written there. */
  readonly folder: string;
  /** The engine's stdout, and how much of it is of an earlier session. */
  readonly printed: { readonly file: string; readonly from: number };
  readonly template: string;
  /** What is trained on. */
  readonly conversations: readonly (readonly Message[])[];
  /** Every server that could serve it. */
  readonly sides: readonly ServingChat[];
}

/**
 * Looks for the example that the engine prints before its first step, and compares it with what is sent when the model is
 * served. `stop` aborts when they differ: the training would teach another format than is asked with.
 */
export class TemplateGuard {
  readonly #training: GuardedTraining;
  readonly #reader = new ExampleReader();
  readonly #tail: FileTail;
  readonly #controller = new AbortController();
  #checks: readonly TemplateCheck[] | undefined;
  #fault: RagtuiError | undefined;

  constructor(training: GuardedTraining) {
    this.#training = training;
    const { file, from } = training.printed;
    this.#tail = new FileTail(file, (line) => this.#reader.push(line), from);
  }

  get stop(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the example was seen and is what is served. */
  get done(): boolean {
    return this.#checks !== undefined && !this.#fault;
  }

  /** Throws `invalid` when training and serving differ. */
  throwIfDifferent(): void {
    if (this.#fault) throw this.#fault;
  }

  /** In a few words, for the card of what is trained. */
  get verdict(): string {
    const checks = this.#checks ?? [];
    if (checks.length === 0) return 'not checked: the engine printed no example';
    const [first] = checks;
    return `same tokens (${(first?.promptTokens ?? 0) + (first?.targetTokens ?? 0)}) as served from ${checks.map(({ side }) => side).join(' and ')}`;
  }

  look(): void {
    if (this.#checks) return;
    this.#tail.look();
    const example = this.#reader.found;
    if (!example) return;
    const { sides, conversations, report, folder, template } = this.#training;
    const found = sides.flatMap((side) => {
      const check = checkTemplate(example, conversations, side, this.#training);
      return check ? [{ side, check }] : [];
    });
    this.#checks = found.map(({ check }) => check);
    writeJsonAtomic(path.join(folder, 'template-check.json'), { template, checks: this.#checks });
    writeTextAtomic(
      path.join(folder, 'template-check.txt'),
      found.map(({ check, side }) => checkReport(check, template, side)).join('\n'),
    );
    const different = found.find(({ check }) => check.verdict === 'different');
    if (!different) {
      report.log('info', `Template ${template}: ${this.verdict}`);
      return;
    }
    const { check, side } = different;
    report.log('error', `Trained on other tokens than are served from the ${check.side} side:`);
    for (const line of differingTokens(check, side)) report.log('error', line);
    this.#fault = mismatch(check, template);
    this.#controller.abort(this.#fault);
  }
}

function mismatch({ difference, side }: TemplateCheck, template: string): RagtuiError {
  return new RagtuiError(
    'invalid',
    `The ${difference?.part ?? 'row'} is trained on as other tokens than it is served with (template ${template}, ${side} side, first at token ${difference?.at ?? 0}): stopped before the first step.`,
    'Both are in template-check.txt of the job. Leave --template out, or name another one.',
  );
}
