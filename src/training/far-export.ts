import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ENGINES, engineEnvironment } from '../engines/definitions.ts';
import { askAgent } from '../hosts/agent.ts';
import { followRun, untilReached } from '../hosts/follow.ts';
import { MirroredFile } from '../hosts/mirror.ts';
import { runFolder, startRun, stopRun } from '../hosts/run.ts';
import { storeFolder } from '../hosts/shelf.ts';
import { knownHost } from '../hosts/store.ts';
import { pullFolder, pushFolder, type SyncOptions } from '../hosts/sync.ts';
import type { KnownHost } from '../hosts/types.ts';
import type { JobContext } from '../jobs/worker.ts';
import { pythonScript } from '../platform/entry.ts';
import { RagtuiError } from '../platform/errors.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import { parseJson } from '../platform/json.ts';
import { type ExportTools, int8Answer, type OnnxRequest, onnxAnswer, onnxTask } from './export-tools.ts';
import { trainingFault } from './failures/fault.ts';
import { cachesIn, definedOf, signalOf, tellReach } from './far-engine.ts';
import { STOP_PATIENCE_MS } from './far-place.ts';
import { farTune } from './far-tune.ts';
import type { TrainingPlace } from './place.ts';
import type { ScriptOptions } from './script.ts';
import type { TunedFolder } from './tuned.ts';

type Context = JobContext<'train-embedder'>;

/**
 * The export by the engine of the host that trained, for a machine that has none. Weights that lie there are not sent
 * again; what is made is brought here, verified, and deleted there. Errors: those of scripts and of the connection.
 */
export const farTools = (context: Context, place: TrainingPlace, tuned: TunedFolder): ExportTools =>
  new FarTools(context, place, tuned);

class FarTools implements ExportTools {
  readonly versions: ExportTools['versions'];
  readonly #context: Context;
  readonly #place: TrainingPlace;
  readonly #tuned: TunedFolder;
  readonly #host: KnownHost;
  /** Folders there with what was made, by the folder here. */
  readonly #made = new Map<string, string>();
  readonly #runs: string[] = [];

  constructor(context: Context, place: TrainingPlace, tuned: TunedFolder) {
    this.#context = context;
    this.#place = place;
    this.#tuned = tuned;
    this.#host = knownHost(context.paths, place.host);
    this.versions = place.engine.versions;
  }

  async onnx(request: OnnxRequest, { signal }: ScriptOptions): Promise<{ opset: number }> {
    const source = await this.#weights(request.source, signal);
    const run = this.#nextRun();
    const out = `${runFolder(this.#host, run)}/work/out`;
    const stage = this.#stage('export_onnx');
    writeJsonAtomic(path.join(stage, 'task.json'), onnxTask({ ...request, source, target: out }));
    const answer = await this.#run(run, 'export_onnx', ['task.json'], onnxAnswer, signal);
    await this.#reach(signal, (options) => pullFolder(this.#host, out, request.target, options));
    // Empty, which no copy brings: sentence-transformers looks for it.
    if (request.embedder.normalize) mkdirSync(path.join(request.target, '2_Normalize'), { recursive: true });
    this.#made.set(request.target, out);
    return answer;
  }

  async int8(source: string, target: string, { signal }: ScriptOptions): Promise<{ onnxruntime: string }> {
    const from = this.#made.get(path.dirname(source));
    if (from === undefined) throw new RagtuiError('internal', `${source} was not made on ${this.#host.name}.`);
    const run = this.#nextRun();
    const work = `${runFolder(this.#host, run)}/work`;
    this.#stage('quantize_onnx');
    const name = path.basename(target);
    const answer = await this.#run(
      run,
      'quantize_onnx',
      [`${from}/${path.basename(source)}`, name],
      int8Answer,
      signal,
    );
    const names = [name];
    await this.#reach(signal, (options) => pullFolder(this.#host, work, path.dirname(target), { ...options, names }));
    return answer;
  }

  async close(): Promise<void> {
    const names = this.#runs.map((run) => `runs/${run}`);
    if (names.length === 0) return;
    // What cannot be deleted now is deleted by `hosts clean`.
    await askAgent(this.#host, { op: 'drop', names }, z.unknown()).catch(() => {});
  }

  /** The folder there with the same weights as one here. */
  #weights(folder: string, signal?: AbortSignal): Promise<string> {
    const inside = path.relative(this.#tuned.train, folder);
    return this.#reach(signal, async (options) => {
      if (inside.startsWith('..')) return storeFolder(this.#context.paths, this.#host, folder, options);
      const there = farTune(this.#host, this.#context.paths, this.#context.work.name);
      // Nothing is sent where it was trained there. Checkpoints that stayed there are not touched.
      await pushFolder(this.#host, this.#tuned.train, there, { ...options, exclude: ['checkpoint-*'] });
      return path.posix.join(there, inside);
    });
  }

  #nextRun(): string {
    const run = `${this.#context.spec.id}-export-${Date.now().toString(36)}`;
    this.#runs.push(run);
    return run;
  }

  /** An empty folder here for what a script is given, with the script. */
  #stage(script: string): string {
    const stage = path.join(this.#context.folder, 'export');
    rmSync(stage, { recursive: true, force: true });
    mkdirSync(stage, { recursive: true, mode: 0o700 });
    copyFileSync(pythonScript(script), path.join(stage, `${script}.py`));
    return stage;
  }

  async #run<S extends z.ZodType>(
    run: string,
    script: string,
    args: readonly string[],
    answer: S,
    signal?: AbortSignal,
  ): Promise<z.output<S>> {
    const { engine } = this.#place;
    const work = `${runFolder(this.#host, run)}/work`;
    const file = (name: string) => path.join(this.#context.folder, `${script}.${name}`);
    for (const name of ['stdout', 'stderr']) rmSync(file(name), { force: true });
    await this.#reach(signal, (options) =>
      pushFolder(this.#host, path.join(this.#context.folder, 'export'), work, options),
    );
    await this.#reach(signal, () =>
      startRun(this.#host, {
        run,
        argv: [engine.python, '-I', `${script}.py`, ...args],
        env: { ...definedOf(engineEnvironment(engine.name, engine.device, {})), ...cachesIn(this.#host) },
        cwd: work,
        grace: 5,
        depth: 0,
        gpus: 0,
      }),
    );
    const stopping = new AbortController();
    const onStop = () =>
      void untilReached(this.#host, () => stopRun(this.#host, run, 'kill'), {
        signal: stopping.signal,
        onReach: () => {},
        patienceMs: STOP_PATIENCE_MS,
      })
        // It ends by itself there, and what it made is deleted by `hosts clean`.
        .catch(() => {})
        .finally(() => stopping.abort());
    signal?.addEventListener('abort', onStop, { once: true });
    if (signal?.aborted) onStop();
    try {
      const { result } = await followRun(this.#host, {
        run,
        files: {
          stdout: { there: 'stdout.log', here: new MirroredFile(file('stdout')) },
          stderr: { there: 'stderr.log', here: new MirroredFile(file('stderr')) },
        },
        signal: stopping.signal,
        onReach: tellReach(this.#context.report, this.#host.name),
      });
      signal?.throwIfAborted();
      const said = (name: string) => readText(file(name));
      const parsed = answer.safeParse(parseJson(said('stdout').trimEnd().split('\n').at(-1) ?? ''));
      if (result?.code === 0 && parsed.success) return parsed.data;
      const what = `${script} in ${ENGINES[engine.name].title} on ${this.#host.name}`;
      const exit = { code: result?.code ?? null, signal: signalOf(result?.signal ?? null) };
      throw trainingFault(what, exit, said('stderr') || (result?.error ?? ''));
    } finally {
      signal?.removeEventListener('abort', onStop);
    }
  }

  /** Does what needs the host, over as many connections as it takes. */
  #reach<T>(signal: AbortSignal | undefined, work: (options: SyncOptions) => Promise<T>): Promise<T> {
    const { report } = this.#context;
    const options = { ...(signal ? { signal } : {}), onLog: (text: string) => report.log('info', text) };
    return untilReached(this.#host, () => work(options), {
      signal: signal ?? new AbortController().signal,
      onReach: tellReach(report, this.#host.name),
    });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
