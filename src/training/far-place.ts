import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { EngineName } from '../engines/types.ts';
import { farEngine } from '../hosts/engines.ts';
import { closeFar, type FarFile, keepFar, readFar } from '../hosts/far-file.ts';
import { followRun, type OnReach, untilReached } from '../hosts/follow.ts';
import { MirroredFile } from '../hosts/mirror.ts';
import { runFolder, startRun, stopRun } from '../hosts/run.ts';
import { storeFolder } from '../hosts/shelf.ts';
import { type SlurmRequest, submitRun } from '../hosts/slurm/submit.ts';
import { knownHost } from '../hosts/store.ts';
import { pushFolder } from '../hosts/sync.ts';
import { hostOf, isSlurm, type KnownHost, type RunStatus } from '../hosts/types.ts';
import { keepCommand } from '../jobs/ran.ts';
import type { JobContext } from '../jobs/worker.ts';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import type { EngineRun } from './engine-process.ts';
import { gatherArray, leaveArray } from './far-array.ts';
import { type Earlier, earlierRun } from './far-earlier.ts';
import { cachesIn, definedOf, signalOf, tellReach } from './far-engine.ts';
import { farTune, fetchTune } from './far-tune.ts';
import { checkNodes } from './nodes.ts';
import { phase } from './phase.ts';
import type { EnginePaths, PlaceExit, TrainingPlace } from './place.ts';
import { processesOfNode } from './processes.ts';
import { SlurmWatch, slurmEnd, throwIfSlurmEnded } from './slurm-watch.ts';
import { type TunedFolder, tunedFolder } from './tuned.ts';

type Context = JobContext<'train-llm'> | JobContext<'train-embedder'>;

const LOOK_MS = 500;
const CHECKPOINT_GRACE_SECONDS = 120;
/** How long a host that cannot be reached is tried when the job is asked to stop. */
export const STOP_PATIENCE_MS = 30_000;
const ROWS = 'trainer_log.jsonl';

/**
 * A host that is reached by ssh. What its engine prints and logs is copied here as it grows, byte for byte, so that the
 * same readers look at it; what it leaves is brought here when it has ended. Between two runs the copy here is the true
 * one; while one goes on, the folder there is. Errors: `not-found`, `unavailable`, `network`, `permission`.
 */
export async function farPlace(context: Context, name: EngineName): Promise<TrainingPlace> {
  const { paths, work, spec } = context;
  const host = knownHost(paths, hostOf(work.launcher ?? ''));
  const tuned = tunedFolder(paths, work.name);
  const engine = await farEngine(host, name);
  const before = readFar(tuned.root);
  const earlier = before?.open === true ? await earlierRun(context, host, before) : 'none';
  // What Slurm has already goes on, whatever its partition has by now.
  if (earlier === 'none') checkNodes(work, work.launcher, host);
  const run = before && earlier !== 'none' ? before.run : `${spec.id}-${Date.now().toString(36)}`;
  return new FarPlace(context, host, engine, run, earlier);
}

class FarPlace implements TrainingPlace {
  readonly engine: TrainingPlace['engine'];
  readonly host: string;
  readonly bfloat16: boolean;
  readonly nodes: number;
  readonly perNode: number;
  readonly session: string;
  readonly goesOn: boolean;
  readonly workFolder: string;
  readonly #context: Context;
  readonly #host: KnownHost;
  readonly #earlier: Earlier;

  constructor(context: Context, host: KnownHost, engine: TrainingPlace['engine'], run: string, earlier: Earlier) {
    this.#context = context;
    this.#host = host;
    this.engine = engine;
    this.host = host.name;
    this.bfloat16 = host.facts.bfloat16;
    this.nodes = context.work.nodes ?? 1;
    this.perNode = processesOfNode(context.work, engine.device);
    this.session = run;
    this.#earlier = earlier;
    this.goesOn = earlier !== 'none';
    this.workFolder = path.join(context.folder, 'work');
  }

  readonly #log = (text: string): void => this.#context.report.log('info', text);

  #tune(): string {
    return farTune(this.#host, this.#context.paths, this.#context.work.name);
  }

  #work(): string {
    return `${runFolder(this.#host, this.session)}/work`;
  }

  async place(basePath: string): Promise<EnginePaths> {
    const { paths, report, signal } = this.#context;
    mkdirSync(this.workFolder, { recursive: true, mode: 0o700 });
    report.progress(phase(`sending the base to ${this.host}`));
    const base = await storeFolder(paths, this.#host, basePath, { signal, onLog: this.#log });
    return { base, work: this.#work(), output: this.#tune() };
  }

  async run(run: EngineRun, tuned: TunedFolder): Promise<PlaceExit> {
    const { report, folder, paths, work } = this.#context;
    const onReach = tellReach(report, this.host);
    const far = (open: boolean): FarFile => ({ host: this.host, run: this.session, open });
    const keep = (open: boolean) => {
      for (const place of [tuned.root, folder]) keepFar(place, far(open));
    };
    if (this.goesOn) {
      report.log('info', `Goes on with ${this.session} on ${this.host}`);
      leaveArray(this.#context);
    }
    if (this.#earlier === 'unsubmitted') await this.#begin(run, onReach);
    else if (!this.goesOn && !(await this.#start(run, tuned, keep, onReach))) return { code: null, signal: 'SIGTERM' };
    keep(true);
    const end = await this.#follow(run, tuned, onReach);
    if (!end) return { code: null, signal: 'SIGTERM' };
    report.progress(phase(`bringing the result from ${this.host}`));
    await untilReached(this.#host, () => fetchTune(this.#host, paths, work.name, { onLog: this.#log }), {
      signal: new AbortController().signal,
      onReach,
    });
    keep(false);
    closeFar(this.#context.paths.jobs, this.session);
    return this.#exitOf(end, run.giveUp?.aborted === true);
  }

  /** False when the job was asked to stop before anything ran. */
  async #start(run: EngineRun, tuned: TunedFolder, keep: (open: boolean) => void, onReach: OnReach): Promise<boolean> {
    const { signal, report, folder } = this.#context;
    report.progress(phase(`sending the data to ${this.host}`));
    await pushFolder(this.#host, this.workFolder, this.#work(), { signal, onLog: this.#log });
    await pushFolder(this.#host, tuned.train, this.#tune(), { signal, onLog: this.#log });
    if (signal.aborted) return false;
    keepCommand(folder, `ssh ${this.host}: ${run.program}`, run.args);
    // Written first: whoever comes after a crash asks the host whether it was started.
    keep(true);
    const came = await gatherArray(this.#context, this.#host, this.#request(run), onReach);
    if (came === 'withdrawn') keep(false);
    if (came !== 'go') return false;
    await this.#begin(run, onReach);
    return true;
  }

  #request(run: EngineRun): SlurmRequest {
    const { PATH: pathFirst, ...env } = run.env;
    const output = this.#tune();
    return {
      run: this.session,
      argv: [run.program, ...run.args],
      env: { ...definedOf(env), ...cachesIn(this.#host) },
      ...(pathFirst === undefined ? {} : { pathFirst }),
      cwd: this.#work(),
      grace: CHECKPOINT_GRACE_SECONDS,
      depth: run.depth ?? 0,
      gpus: this.engine.device === 'cuda' ? this.perNode : 0,
      nodes: this.nodes,
      output,
      rows: `${output}/${ROWS}`,
    };
  }

  /** Starts it there, or hands it to Slurm; once, however often it is done. */
  async #begin(run: EngineRun, onReach: OnReach): Promise<void> {
    const { signal, report, paths, work } = this.#context;
    const { output, rows, nodes = 1, ...request } = this.#request(run);
    const begin = () =>
      isSlurm(work.launcher) || this.#earlier === 'unsubmitted'
        ? submitRun(this.#host, paths, { ...request, output, rows, nodes })
        : startRun(this.#host, request);
    const begun = await untilReached<RunStatus>(this.#host, begin, { signal, onReach });
    const how = begun.slurm ? `Handed to Slurm on ${this.host}, job ${begun.slurm.job},` : `Started on ${this.host}`;
    report.log('info', `${how} as ${this.session}`);
  }

  /** Undefined when the job was asked to stop and the host could not be told. */
  async #follow(run: EngineRun, tuned: TunedFolder, onReach: OnReach): Promise<RunStatus | undefined> {
    const { signal, report } = this.#context;
    const over = new AbortController();
    const unheard = (why: string) => {
      report.error(
        new RagtuiError(
          'network',
          `${this.session} on ${this.host} could not be asked to stop and may go on: ${why}`,
          `When it is there again: ragtui jobs stop ${this.#context.spec.id}`,
        ),
      );
      over.abort();
    };
    const tell = (how: 'ask' | 'kill') =>
      untilReached(this.#host, () => stopRun(this.#host, this.session, how), {
        signal: over.signal,
        onReach: (lost) => {
          if (lost) run.onLog(`Could not be asked to stop, is asked again: ${lost.why}`);
        },
        patienceMs: STOP_PATIENCE_MS,
      }).catch((error) => {
        if (!over.signal.aborted) unheard(toRagtuiError(error).message);
      });
    const onStop = () => {
      run.onLog(`Stopping: the engine on ${this.host} saves a checkpoint first (up to two minutes)`);
      void tell('ask');
    };
    const onGiveUp = () => void tell('kill');
    signal.addEventListener('abort', onStop, { once: true });
    run.giveUp?.addEventListener('abort', onGiveUp, { once: true });
    if (signal.aborted) onStop();
    const timer = setInterval(run.onLook, LOOK_MS);
    const rowsFile = path.join(tuned.train, ROWS);
    // Rows up to the checkpoint were sent there: the copy here begins with them.
    const rows = new MirroredFile(rowsFile, sizeOf(rowsFile));
    let made: readonly string[] = [];
    let waits = '';
    const slurm = new SlurmWatch(report, this.host);
    try {
      const end = await followRun(this.#host, {
        run: this.session,
        files: {
          stdout: { there: 'stdout.log', here: new MirroredFile(run.stdout) },
          stderr: { there: 'stderr.log', here: new MirroredFile(run.stderr) },
          rows: { there: `${this.#tune()}/${ROWS}`, here: rows, anew: true },
        },
        checkpoints: this.#tune(),
        signal: over.signal,
        onReach,
        onAgain: (step) => {
          slurm.again(step);
          run.onAgain?.(step);
        },
        onStatus: (status, checkpoints) => {
          slurm.look(status, rows.offset);
          if (status.waits !== waits && status.waits !== '') report.progress(phase(`${this.host} ${status.waits}`));
          waits = status.waits;
          const fresh = checkpoints.filter((name) => !made.includes(name));
          if (fresh.length > 0 && made.length > 0) run.onLog(`${fresh.join(', ')} on ${this.host}`);
          made = checkpoints;
        },
      });
      return await slurmEnd(this.#host, this.session, end);
    } catch (error) {
      if (over.signal.aborted) return undefined;
      throw error;
    } finally {
      over.abort();
      clearInterval(timer);
      signal.removeEventListener('abort', onStop);
      run.giveUp?.removeEventListener('abort', onGiveUp);
      run.onLook();
    }
  }

  #exitOf(end: RunStatus, givenUp: boolean): PlaceExit {
    const { state, result } = end;
    const { signal: asked, spec } = this.#context;
    if (!givenUp && !asked.aborted) throwIfSlurmEnded(this.host, spec.id, end);
    if (result?.error) {
      throw new RagtuiError(
        'unavailable',
        `${this.host} could not start the engine: ${result.error}.`,
        `See ragtui hosts check ${this.host}.`,
      );
    }
    if (result?.stopped && !givenUp && !this.#context.signal.aborted) {
      throw new RagtuiError(
        'cancelled',
        `It was stopped on ${this.host}.`,
        `Go on with it: ragtui jobs resume ${this.#context.spec.id}`,
      );
    }
    if (!result) {
      const why = state === 'none' ? 'nothing is left of it there' : 'its processes there are gone and left no result';
      throw new RagtuiError(
        'unavailable',
        `The run on ${this.host} was lost: ${why}.`,
        `Go on from its last checkpoint: ragtui jobs resume ${this.#context.spec.id}`,
      );
    }
    const { code, signal, seconds, oom } = result;
    return { code, signal: signalOf(signal), seconds, oomKilled: oom };
  }
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
