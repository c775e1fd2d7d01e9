import { z } from 'zod';
import { jobFiles, progressFileSchema, readJsonFile } from '../../src/jobs/folder.ts';
import type { JobView, Progress } from '../../src/jobs/types.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import type { FakeOpenAi, FakeReply, FakeRequest } from './fake-openai.ts';
import { says, status } from './fake-openai.ts';

/** A SQuAD file of so many wells, one question each: the answer is the depth. */
export function wells(count: number): unknown {
  const paragraphs = Array.from({ length: count }, (_, i) => ({
    context: `The well of farm ${i} is ${10 + i} metres deep.`,
    qas: [
      {
        id: `w${i}`,
        question: `How deep is the well of farm ${i}?`,
        answers: [{ text: `${10 + i} metres`, answer_start: 0 }],
      },
    ],
  }));
  return { version: '1.1', data: [{ title: 'wells', paragraphs }] };
}

const bodySchema = z.object({ model: z.string(), messages: z.array(z.object({ content: z.string() })) });

/** What a chat request asks: all its messages as one text. */
export const promptOf = (request: FakeRequest): string =>
  bodySchema
    .parse(request.body)
    .messages.map(({ content }) => content)
    .join('\n');

/** Prompts of all chat requests so far. */
export const promptsOf = (server: FakeOpenAi): string[] =>
  server.requests.filter(({ path }) => path === '/v1/chat/completions').map(promptOf);

/** Copies the depth: right for each well. */
export const depthIn = (prompt: string): string => /(\d+ metres)/.exec(prompt)?.[1] ?? '';

/** Answers chats only, with `reply`. */
export const chats =
  (reply: (prompt: string) => FakeReply | Promise<FakeReply>): FakeReply =>
  async (response, request) => {
    if (request.path !== '/v1/chat/completions') return status(404, 'not here')(response, request);
    await (await reply(promptOf(request)))(response, request);
  };

/** Answers that wait at a gate: `open` lets through so many that wait or come later. */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  #open = 0;

  get waiting(): number {
    return this.#waiting.length;
  }

  open(count: number): void {
    this.#open += count;
    while (this.#open > 0 && this.#waiting.length > 0) {
      this.#open -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** Answers with the depth once it is let through. */
  reply(): FakeReply {
    return chats(async (prompt) => {
      await this.#passes();
      return says(depthIn(prompt).split(/(?<= )/));
    });
  }

  #passes(): Promise<void> {
    if (this.#open > 0) {
      this.#open -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

export const progressOf = (job: JobView): Progress | undefined =>
  readJsonFile(jobFiles(job.folder).progress, progressFileSchema);

/** Waits until a job's progress is as `test` says; fails with what it is after a minute. */
export async function untilProgress(job: JobView, test: (progress: Progress) => boolean): Promise<Progress> {
  let last: Progress | undefined;
  const found = await waitUntil(
    () => {
      last = progressOf(job);
      return last !== undefined && test(last);
    },
    60_000,
    10,
  );
  if (!found || !last) throw new Error(`The job's progress is ${JSON.stringify(last)}`);
  return last;
}

/** A model with so many slots of so many milliseconds each; what comes beyond waits in line. */
export class Slots {
  readonly #count: number;
  readonly #ms: number;
  readonly #line: (() => void)[] = [];
  #busy = 0;
  #since = 0;
  #changed = performance.now();
  #used = 0;

  constructor(count: number, ms: number) {
    this.#count = count;
    this.#ms = ms;
  }

  /** From now on the share of its slots that is used counts. */
  measure(): void {
    this.#note();
    this.#used = 0;
    this.#since = this.#changed;
  }

  /** Share of its limit that was used since `measure`. */
  share(): number {
    this.#note();
    return this.#used / (this.#changed - this.#since) / this.#count;
  }

  /** Works off one request. */
  async serve(): Promise<void> {
    if (this.#busy === this.#count) await new Promise<void>((resolve) => this.#line.push(resolve));
    this.#note();
    this.#busy += 1;
    await new Promise((resolve) => setTimeout(resolve, this.#ms));
    this.#note();
    this.#busy -= 1;
    this.#line.shift()?.();
  }

  #note(): void {
    const now = performance.now();
    this.#used += this.#busy * (now - this.#changed);
    this.#changed = now;
  }
}
