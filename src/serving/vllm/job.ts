import { randomBytes } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { installedEngine } from '../../engines/store.ts';
import { type EndpointFile, jobFiles, writeJsonFile } from '../../jobs/folder.ts';
import type { JobContext } from '../../jobs/worker.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { transformersBase } from '../../training/base-llm.ts';
import { FileTail } from '../../training/tail-file.ts';
import { firstVersions, firstVersionsLoaded } from '../adapters/at-start.ts';
import { watchAdapters } from '../adapters/watch-checks.ts';
import { keptLine, repeatCheck } from '../embedding/promise.ts';
import { isStopNow } from '../stop.ts';
import { drainSeconds, type ServeWork } from '../types.ts';
import { checkNames, onlyOtherVectors, throughOutages, untilHealthy } from './come-up.ts';
import { loraRoom, shownCommand, type VllmStart, vllmCommand, vllmEnvironment } from './command.ts';
import { farPlace } from './far-place.ts';
import { STAGE_COUNT } from './log.ts';
import { localPlace, type ServingPlace } from './place.ts';
import { adapterRanks } from './plan.ts';
import { holdServer, poolerOf } from './pooling.ts';
import { StartProgress } from './start-progress.ts';

/** A port found free can be gone a moment later; vLLM says so before it loads anything. */
const PORT_TRIES = 3;

type Context = JobContext<'serve'>;

/** The body of a `serve` job on vLLM: base and adapters behind one port of loopback, until it is stopped. */
export async function serveVllm(context: Context): Promise<void> {
  const { work, paths } = context;
  const place = work.launcher === undefined ? localPlace(context) : await farPlace(context);
  const { machine } = place;
  const room = loraRoom(work, adapterRanks(work));
  const weights = work.weights ?? (await weightsOf(context));
  // Once more here, now that the weights are there, and for a start that asked nobody: `jobs retry`.
  await place.check(weights);
  const adapters = await firstVersions(context, room);
  const pooler = poolerOf(paths, work);
  try {
    const there = await place.lay({ weights, adapters });
    for (let attempt = 1; ; attempt += 1) {
      const { port, url } = await place.open();
      try {
        return await runOnce(context, place, { start: { machine, work, ...there, room, pooler, port }, adapters, url });
      } catch (error) {
        if (attempt === PORT_TRIES || !(error instanceof RagtuiError && error.code === 'busy')) throw error;
        context.report.log('warn', error.message);
      }
    }
  } finally {
    await place.close();
  }
}

/** The Transformers folder of the base, made of its GGUF if it is not there. */
async function weightsOf({ work, paths, report, signal }: Context): Promise<string> {
  report.progress({
    phase: 'preparing the base',
    done: 0,
    total: STAGE_COUNT,
    unit: 'stages',
    rate: null,
    secondsLeft: null,
  });
  const onLog = (text: string) => report.log('info', text);
  return (await transformersBase(paths, work.model, () => baseMaker(paths), { signal, onLog })).folder;
}

/** Only LLaMA-Factory's Transformers still turn a GGUF into plain weights. */
const baseMaker = (paths: WorkspacePaths) => installedEngine(paths, 'llamafactory');

interface Start {
  readonly start: VllmStart;
  /** As they lie here. */
  readonly adapters: ServeWork['adapters'];
  /** Where it is reached from here. */
  readonly url: string;
}

async function runOnce(context: Context, place: ServingPlace, { start, adapters, url }: Start): Promise<void> {
  const { folder, paths, report, signal, work } = context;
  const files = jobFiles(folder);
  const key = randomBytes(24).toString('base64url');
  const model = work.servedName ?? work.model;
  const tell = (ready: boolean) =>
    writeJsonFile(files.endpoint, { url, key, model, ready, adapters } satisfies EndpointFile);
  const command = vllmCommand(start);
  const follow = new StartProgress(report, paths, `vllm ${start.machine.device} ${work.model}${place.where}`);
  const tails = place.logs.map((file) => {
    const earlier = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    return new FileTail(file, (line) => follow.line(line), earlier);
  });
  const over = new AbortController();
  const env = vllmEnvironment(work, start.machine, key);
  report.log('info', `${shownCommand(command, env)}${place.where}`);
  tell(false);
  const names = [model, ...adapters.map(({ name }) => name)];
  const ending = AbortSignal.any([signal, over.signal]);
  const stop = new AbortController();
  const watch = { lookMs: place.lookMs, signal: ending };
  /** One on another host outlives an outage of the line to it. */
  const outlasting = <T>(action: () => Promise<T>): Promise<T> =>
    work.launcher === undefined ? action() : throughOutages(url, action, watch);
  /** An embedder must give the vectors that its model promises, now and later. */
  const hold = async () => {
    const check = () => holdServer(context.paths, work, { url, key }, ending);
    report.log('info', keptLine(await outlasting(check)));
    const missed = ({ message }: RagtuiError) =>
      ending.aborted ||
      report.log('warn', `its vectors could not be looked at, the next look is in an hour: ${message}`);
    const later = work.launcher === undefined ? check : onlyOtherVectors(check, missed);
    repeatCheck(later, (error) => stop.abort(error), ending);
  };
  const comeUp = async () => {
    await untilHealthy(url, { ...watch, onLine: (why) => report.log('warn', why) });
    await outlasting(() => checkNames({ url, key }, names, ending));
    await firstVersionsLoaded(folder, adapters);
    if (work.runner === 'pooling') await hold();
    tell(true);
    report.ready();
    follow.ready(`serving ${names.join(', ')} at ${url}${place.where}`);
    // A check that fails has said so; the server does not depend on it.
    watchAdapters(context, { url, key }, ending).catch((error: unknown) => report.error(error));
  };
  // A fault of the health check ends the server too.
  comeUp().catch((error) => {
    if (!over.signal.aborted && !signal.aborted) stop.abort(error);
  });
  try {
    const exit = await place.run({
      ...command,
      env,
      signal: AbortSignal.any([signal, stop.signal]),
      drainMs: () => (isStopNow(folder) ? 0 : Math.max(1, drainSeconds(work)) * 1000),
      onLook: () => {
        for (const tail of tails) tail.look();
        follow.look();
      },
      onLog: (text) => report.log('info', text),
    });
    if (stop.signal.aborted) throw stop.signal.reason;
    if (!signal.aborted) throw follow.fault(exit);
  } finally {
    over.abort();
    rmSync(files.endpoint, { force: true });
  }
}
