import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { engineEnvironment } from '../../engines/definitions.ts';
import type { InstalledEngine } from '../../engines/store.ts';
import { askAgent } from '../../hosts/agent.ts';
import { farEngine } from '../../hosts/engines.ts';
import { closeFar, keepFar } from '../../hosts/far-file.ts';
import { followRun, type OnReach, untilReached } from '../../hosts/follow.ts';
import { checkForwarding, type Forward, forwardPort } from '../../hosts/forward.ts';
import { MirroredFile } from '../../hosts/mirror.ts';
import { runFolder, startRun, stopRun } from '../../hosts/run.ts';
import { storeFolder } from '../../hosts/shelf.ts';
import { knownHost } from '../../hosts/store.ts';
import { hostOf, type KnownHost, type RunStatus } from '../../hosts/types.ts';
import { gpusWanted } from '../../jobs/devices/need.ts';
import { endpointFileSchema, jobFiles, readJsonFile } from '../../jobs/folder.ts';
import type { JobContext } from '../../jobs/worker.ts';
import { pythonScript } from '../../platform/entry.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { cachesIn, definedOf, signalOf, tellReach } from '../../training/far-engine.ts';
import { STAGE_COUNT } from './log.ts';
import type { Laid, PlacedRun, ServingPlace } from './place.ts';
import type { ServerExit } from './process.ts';

type Context = JobContext<'serve'>;

const LOOK_MS = 500;
/** After the time for answers under way: ending the engine core, and the interpreter. */
const END_SECONDS = 10;
/** How long a host that cannot be reached is tried when the job is asked to stop. */
const STOP_PATIENCE_MS = 30_000;
const portSchema = z.object({ port: z.number().int().positive() });

/**
 * A host that is reached by ssh: a keeper there starts the server on loopback there, a port of loopback here leads to it.
 * What it prints comes here as it grows. Errors: `not-found`, `unavailable`, `network`, `permission`.
 */
export async function farPlace(context: Context): Promise<ServingPlace> {
  const host = knownHost(context.paths, hostOf(context.work.launcher ?? ''));
  return new FarServing(context, host, await farEngine(host, 'vllm'));
}

class FarServing implements ServingPlace {
  readonly machine: ServingPlace['machine'];
  readonly where: string;
  readonly logs: readonly string[];
  readonly lookMs = 2000;
  readonly #context: Context;
  readonly #host: KnownHost;
  readonly #engine: InstalledEngine;
  #forward: Forward | undefined;
  /** Folder there with what vLLM imports of ours. */
  #guard = '';

  constructor(context: Context, host: KnownHost, engine: InstalledEngine) {
    const { stdout, stderr } = jobFiles(context.folder);
    this.#context = context;
    this.#host = host;
    this.#engine = engine;
    this.machine = { python: engine.python, device: engine.device, hasBfloat16: host.facts.bfloat16 };
    this.where = ` on ${host.name}`;
    this.logs = [stdout, stderr];
  }

  readonly #log = (text: string): void => this.#context.report.log('info', text);

  /** That it can be reached there. What it takes there is not known here; vLLM itself says what does not fit. */
  async check(): Promise<void> {
    await checkForwarding(this.#host.name, await this.#freePort());
  }

  async lay({ weights, adapters }: Laid): Promise<Laid> {
    const { folder, signal } = this.#context;
    const options = { signal, onLog: this.#log };
    this.#tell(`sending the model to ${this.#host.name}`);
    const own = path.join(folder, 'python');
    mkdirSync(own, { recursive: true, mode: 0o700 });
    const guard = pythonScript('vllm_guard');
    copyFileSync(guard, path.join(own, path.basename(guard)));
    this.#guard = await storeFolder(this.#context.paths, this.#host, own, options);
    const there: Laid['adapters'] = [];
    for (const { name, path: from } of adapters) {
      there.push({ name, path: await storeFolder(this.#context.paths, this.#host, from, options) });
    }
    return { weights: await storeFolder(this.#context.paths, this.#host, weights, options), adapters: there };
  }

  async open(): Promise<{ port: number; url: string }> {
    await this.close();
    const port = await this.#freePort();
    this.#forward = await forwardPort(this.#host.name, port);
    return { port, url: `http://127.0.0.1:${this.#forward.port}/v1` };
  }

  async #freePort(): Promise<number> {
    return (await askAgent(this.#host, { op: 'port' }, portSchema)).port;
  }

  async close(): Promise<void> {
    await this.#forward?.close();
    this.#forward = undefined;
  }

  async run(run: PlacedRun): Promise<ServerExit> {
    const { folder, report, spec, work, paths } = this.#context;
    const { name } = this.#host;
    const session = `${spec.id}-${Date.now().toString(36)}`;
    const reach = tellReach(report, name);
    const onReach: OnReach = (lost) => {
      // While it starts it is no server that runs.
      if (readJsonFile(jobFiles(folder).endpoint, endpointFileSchema)?.ready) reach(lost);
      else report.log(lost ? 'warn' : 'info', lost ? lost.why : `${name} is reached again`);
    };
    const { VLLM_API_KEY: key = '', ...env } = run.env;
    // Written first: whoever comes after a crash asks the host whether it was started.
    keepFar(folder, { host: name, run: session, open: true });
    await untilReached(
      this.#host,
      () =>
        startRun(this.#host, {
          run: session,
          argv: [run.program, ...run.args],
          env: {
            ...definedOf(engineEnvironment('vllm', this.machine.device, {})),
            ...env,
            ...cachesIn(this.#host),
            PYTHONPATH: this.#guard,
          },
          // Not among the arguments of what starts it: others see those, here and there.
          secrets: { VLLM_API_KEY: key },
          cwd: runFolder(this.#host, session),
          grace: Math.ceil(run.drainMs() / 1000) + END_SECONDS,
          depth: 0,
          gpus: gpusWanted({ ...work, launcher: undefined }, this.#engine.device),
        }),
      { signal: run.signal, onReach },
    );
    this.#log(`Started on ${name} as ${session}`);
    const end = await this.#follow(session, run, onReach);
    if (!end) return { code: null, signal: 'SIGTERM' };
    closeFar(paths.jobs, session);
    return this.#exitOf(end, run.signal.aborted);
  }

  /** Undefined when the job was asked to stop and the host could not be told. */
  async #follow(session: string, run: PlacedRun, onReach: OnReach): Promise<RunStatus | undefined> {
    const { report, spec } = this.#context;
    const { name } = this.#host;
    const over = new AbortController();
    const tell = async (how: 'ask' | 'kill') => {
      try {
        const options = { signal: over.signal, onReach: () => {}, patienceMs: STOP_PATIENCE_MS };
        await untilReached(this.#host, () => stopRun(this.#host, session, how), options);
      } catch {
        if (over.signal.aborted) return;
        const what = `${name} cannot be reached and could not be asked to stop: ${session} may go on there.`;
        const hint = `When it is there again: ragtui jobs stop ${spec.id}`;
        report.error(new RagtuiError('network', what, hint));
        over.abort();
      }
    };
    const onStop = () => {
      const drainMs = run.drainMs();
      if (drainMs > 0) run.onLog(`stopping on ${name}: answers under way may take ${drainMs / 1000} s`);
      else run.onLog(`stopping on ${name} at once: answers under way are cut off`);
      void tell(drainMs > 0 ? 'ask' : 'kill');
    };
    run.signal.addEventListener('abort', onStop, { once: true });
    if (run.signal.aborted) onStop();
    const timer = setInterval(run.onLook, LOOK_MS);
    const [stdout = '', stderr = ''] = this.logs;
    let waits = '';
    try {
      return await followRun(this.#host, {
        run: session,
        files: {
          stdout: { there: 'stdout.log', here: new MirroredFile(stdout) },
          stderr: { there: 'stderr.log', here: new MirroredFile(stderr) },
        },
        signal: over.signal,
        onReach,
        onStatus: (status) => {
          if (status.waits !== waits && status.waits !== '') this.#tell(`${name} ${status.waits}`);
          waits = status.waits;
        },
      });
    } catch (error) {
      if (over.signal.aborted) return undefined;
      throw error;
    } finally {
      over.abort();
      clearInterval(timer);
      run.signal.removeEventListener('abort', onStop);
      run.onLook();
    }
  }

  #exitOf({ state, result }: RunStatus, wasAsked: boolean): ServerExit {
    const { name } = this.#host;
    if (wasAsked) return { code: result?.code ?? null, signal: signalOf(result?.signal ?? null) };
    if (result?.error) {
      throw new RagtuiError(
        'unavailable',
        `${name} could not start vLLM: ${result.error}.`,
        `See ragtui hosts check ${name}.`,
      );
    }
    if (result?.oom) {
      throw new RagtuiError(
        'unavailable',
        `The server on ${name} was ended for lack of memory there.`,
        'Take a smaller model or a shorter --context.',
      );
    }
    if (result?.stopped) {
      throw new RagtuiError('cancelled', `It was stopped on ${name}.`, 'Start it again: ragtui deploy start.');
    }
    if (!result) {
      const why = state === 'none' ? 'nothing is left of it there' : 'its processes there are gone and left no result';
      throw new RagtuiError('unavailable', `The server on ${name} was lost: ${why}.`, 'Start it again.');
    }
    return { code: result.code, signal: signalOf(result.signal) };
  }

  #tell(phase: string): void {
    const progress = { phase, done: 0, total: STAGE_COUNT, unit: 'stages', rate: null, secondsLeft: null };
    this.#context.report.progress(progress);
  }
}
