import { fork } from 'node:child_process';
import { z } from 'zod';
import type { DatasetTask } from '../src/datasets/task.ts';
import type { ReportFormatName } from '../src/evaluation/reports/names.ts';
import type { Evaluation } from '../src/evaluation/types.ts';
import type { JobWork } from '../src/jobs/types.ts';
import { workerPath } from '../src/platform/entry.ts';
import { errorCode, RagtuiError } from '../src/platform/errors.ts';
import type { WorkspacePaths } from '../src/platform/paths.ts';
import type { ServeTask } from '../src/serving/task.ts';
import type { BaseAsked } from '../src/training/base-facts.ts';
import type { Training } from '../src/training/types.ts';

const progressSchema = z.object({ done: z.number(), total: z.number(), rows: z.number() });
export type TaskProgress = z.infer<typeof progressSchema>;

const messageSchema = z.union([
  z.object({ progress: progressSchema }),
  z.object({ error: z.object({ code: z.string(), message: z.string(), hint: z.string() }) }),
  z.object({ part: z.unknown() }),
  z.object({ result: z.unknown() }),
]);

export interface TaskOptions {
  readonly signal?: AbortSignal;
  /** The child ends what it has started before it ends itself: told by TERM instead of KILL. */
  readonly endsByItself?: boolean;
  readonly onProgress?: (progress: TaskProgress) => void;
  /** A piece of a large result; the child sends the next one when this has been taken. */
  readonly onPart?: (part: unknown) => void;
}

type Request =
  | { readonly task: 'dataset'; readonly work: DatasetTask }
  | { readonly task: 'curves'; readonly jobs: readonly string[] }
  | { readonly task: 'forecast-facts'; readonly kind: 'llm' | 'embedder'; readonly training: Training }
  | { readonly task: 'base-facts'; readonly asked: BaseAsked }
  | { readonly task: 'measure'; readonly work: JobWork }
  | { readonly task: 'figures' | 'blame'; readonly run: string }
  | { readonly task: 'send-items'; readonly run: string; readonly items: readonly string[]; readonly dataset: string }
  | { readonly task: 'eval-diff'; readonly a: string; readonly b: string }
  | { readonly task: 'detectable'; readonly work: Evaluation }
  | {
      readonly task: 'eval-vote';
      readonly run: string;
      readonly vote: { readonly item: string; readonly choice: 'first' | 'second' | 'tie' } | null;
    }
  | { readonly task: 'calibrate'; readonly run: string }
  | { readonly task: 'judging'; readonly run: string; readonly judge: string }
  | { readonly task: 'eval-control'; readonly run: string; readonly op: 'pause' | 'continue' | 'retry' }
  | {
      readonly task: 'eval-control';
      readonly run: string;
      readonly op: 'concurrency';
      readonly value: Evaluation['concurrency'];
    }
  | { readonly task: 'report'; readonly run: string; readonly format: ReportFormatName }
  | { readonly task: 'serve'; readonly work: ServeTask }
  | { readonly task: 'fleet' };

/**
 * Does one task in a child process, so that the screen never waits for it. Aborting kills the child; what it was making
 * leaves no trace. Errors: those of the task, `cancelled`, `unavailable` when the child dies.
 */
export function childTask<S extends z.ZodType>(
  paths: WorkspacePaths,
  request: Request,
  schema: S,
  { signal, onProgress, onPart, endsByItself = false }: TaskOptions = {},
): Promise<z.output<S>> {
  return new Promise((resolve, reject) => {
    const child = fork(workerPath('task'), [], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
      env: {
        ...process.env,
        RAGTUI_HOME: paths.home,
        RAGTUI_MODELS_CACHE: paths.models,
        RAGTUI_ENGINES_CACHE: paths.engines,
      },
    });
    let answer: (() => void) | undefined;
    const cancel = (): void => void child.kill(endsByItself ? 'SIGTERM' : 'SIGKILL');
    if (signal?.aborted) cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    child.on('message', (message) => {
      const parsed = messageSchema.safeParse(message).data;
      if (!parsed) return;
      if ('progress' in parsed) onProgress?.(parsed.progress);
      else if ('part' in parsed) {
        onPart?.(parsed.part);
        // In a turn of its own: keys that wait come first.
        setImmediate(() => child.connected && child.send({ taken: true }));
      } else if ('error' in parsed) {
        const { code, message: text, hint } = parsed.error;
        answer = () => reject(new RagtuiError(errorCode(code), text, hint));
      } else if ('result' in parsed) {
        const result = schema.safeParse(parsed.result);
        answer = () =>
          result.success ? resolve(result.data) : reject(new RagtuiError('internal', 'The helper answered nonsense.'));
      }
    });
    child.once('error', reject);
    child.once('exit', (code, killed) => {
      signal?.removeEventListener('abort', cancel);
      if (signal?.aborted) reject(new RagtuiError('cancelled', 'It was cancelled; nothing was left half-written.'));
      else if (answer) answer();
      else reject(new RagtuiError('unavailable', `The helper process died (${killed ?? `exit code ${code}`}).`));
    });
    child.send(request);
  });
}
