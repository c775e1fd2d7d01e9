import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ENGINES, engineEnvironment } from '../engines/definitions.ts';
import { installFault } from '../engines/faults.ts';
import { hashOfLock, lockOf } from '../engines/store.ts';
import { engineManifestSchema } from '../engines/types.ts';
import { UV_VERSION } from '../engines/uv.ts';
import { UvOutput } from '../engines/uv-output.ts';
import { jobFiles } from '../jobs/folder.ts';
import type { JobContext } from '../jobs/worker.ts';
import { pythonScript, remoteScript } from '../platform/entry.ts';
import { errorCode, RagtuiError } from '../platform/errors.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import { parseJson } from '../platform/json.ts';
import { FileTail } from '../training/tail-file.ts';
import { findFarEngines, lookForEngines } from './engines.ts';
import { keepFar } from './far-file.ts';
import { followRun, type OnReach } from './follow.ts';
import { MirroredFile } from './mirror.ts';
import { runFolder, startRun, stopRun } from './run.ts';
import { farEngines, knownHost } from './store.ts';
import { pushFolder } from './sync.ts';
import { hostOf } from './types.ts';

const LOOK_MS = 500;

const toldSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('phase'), text: z.string() }),
  z.object({ kind: z.literal('packages'), done: z.number() }),
  z.object({ kind: z.literal('failed'), what: z.string(), code: z.number() }),
  z.object({ kind: z.literal('fault'), code: z.string(), message: z.string() }),
  z.object({ kind: z.literal('done'), fresh: z.boolean(), manifest: engineManifestSchema }),
]);
type Told = z.infer<typeof toldSchema>;

/**
 * The body of an `engine-install` job for a host: our lock file is sent there, and a script there makes the environment
 * from it. One that is there already is left as it is. Errors: `unavailable`, `network`, `disk-full`, `checksum`.
 */
export async function prepareHost(context: JobContext<'engine-install'>): Promise<void> {
  const { work, paths, report, signal, folder, spec } = context;
  const host = knownHost(paths, hostOf(work.launcher ?? ''));
  const { title } = ENGINES[work.engine];
  const lock = lockOf(work.engine, work.device);
  const [found] = await findFarEngines(host, [work.engine]);
  // An environment of the user's own there has no lock of ours, and is not ours to change.
  if (found && (host.engines !== undefined || found.lock === hashOfLock(lock))) {
    report.log('info', `${title} is on ${host.name} already: ${found.python}`);
    await lookForEngines(paths, host);
    report.artifact(work.engine, '', { host: host.name, python: found.python, versions: found.versions });
    return;
  }
  const stage = path.join(folder, 'work');
  mkdirSync(stage, { recursive: true, mode: 0o700 });
  copyFileSync(lock, path.join(stage, path.basename(lock)));
  copyFileSync(remoteScript('prepare'), path.join(stage, 'prepare.py'));
  copyFileSync(pythonScript('check_engine'), path.join(stage, 'check_engine.py'));
  const { python, imports, distributions } = ENGINES[work.engine];
  writeJsonAtomic(path.join(stage, 'asked.json'), {
    engines: farEngines(host),
    name: work.engine,
    device: work.device,
    lock: path.basename(lock),
    sha256: hashOfLock(lock),
    python: [python.min, python.max],
    uv: UV_VERSION,
    imports,
    distributions,
    environment: { ...engineEnvironment(work.engine, work.device, {}), HOME: `${host.facts.root}/cache/home` },
  });
  const there = `${runFolder(host, spec.id)}/work`;
  await pushFolder(host, stage, there, { signal });
  const command = host.facts.python?.command ?? 'python3';
  keepFar(folder, { host: host.name, run: spec.id, open: true });
  await startRun(host, {
    run: spec.id,
    argv: [command, 'prepare.py', 'asked.json'],
    // Where uv and pip keep what they download, unless the host names another place: deleted with all of ours.
    // (pip asks a `rustc` for its version, which may be a script that makes itself a folder.)
    env: { XDG_CACHE_HOME: `${host.facts.root}/cache`, RUSTUP_HOME: `${host.facts.root}/cache/rustup` },
    cwd: there,
    grace: 10,
    depth: 0,
    gpus: 0,
  });
  await watchInstall(context, host, countOf(lock));
  await lookForEngines(paths, host);
  keepFar(folder, { host: host.name, run: spec.id, open: false });
}

/** Packages that a lock file names. */
const countOf = (lock: string): number => readFileSync(lock, 'utf8').match(/^[A-Za-z0-9._-]+==/gm)?.length ?? 0;

async function watchInstall(
  { work, report, signal, folder, spec }: JobContext<'engine-install'>,
  host: ReturnType<typeof knownHost>,
  total: number,
): Promise<void> {
  const files = jobFiles(folder);
  const uv = new UvOutput();
  let phase = 'starting';
  let packages = 0;
  let said = '';
  const told: Told[] = [];
  const onLine = (line: string) => {
    const one = line.startsWith('@') ? toldSchema.safeParse(parseJson(line.slice(1))).data : undefined;
    if (one) told.push(one);
    if (one?.kind === 'phase') {
      phase = one.text;
      report.log('info', `${host.name}: ${one.text}`);
    }
    if (one?.kind === 'packages') packages = one.done;
    if (!line.startsWith('@')) {
      said = `${said}${line}\n`.slice(-65536);
      uv.push(`${line}\n`);
    }
    const { bytes } = uv.progress(packages);
    const megabytes = { 'MB downloaded': Math.round(bytes.done / 1e6), 'MB named': Math.round(bytes.total / 1e6) };
    report.progress({
      phase: `${host.name}: ${phase}`,
      done: Math.min(packages, total),
      total,
      unit: 'packages',
      rate: null,
      secondsLeft: null,
      details: bytes.total > 0 ? megabytes : {},
    });
  };
  const tail = new FileTail(files.stdout, onLine);
  const over = new AbortController();
  const onReach: OnReach = (lost) => report.reach?.(lost ? { host: host.name, since: lost.since } : null);
  const onStop = () => {
    stopRun(host, spec.id, 'ask').catch(() => over.abort());
  };
  signal.addEventListener('abort', onStop, { once: true });
  if (signal.aborted) onStop();
  const timer = setInterval(() => tail.look(), LOOK_MS);
  try {
    await followRun(host, {
      run: spec.id,
      files: {
        stdout: { there: 'stdout.log', here: new MirroredFile(files.stdout) },
        stderr: { there: 'stderr.log', here: new MirroredFile(files.stderr) },
      },
      signal: over.signal,
      onReach,
    });
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', onStop);
    tail.look();
  }
  if (signal.aborted) return;
  conclude(host.name, work.engine, told, said, report);
}

function conclude(
  host: string,
  engine: JobContext<'engine-install'>['work']['engine'],
  told: readonly Told[],
  said: string,
  report: JobContext['report'],
): void {
  const last = told.at(-1);
  if (last?.kind === 'done') {
    const { python, versions } = last.manifest;
    report.log('info', `${ENGINES[engine].title} works on ${host}: ${python}`);
    report.artifact(engine, '', { host, python, versions });
    return;
  }
  if (last?.kind === 'fault') throw new RagtuiError(errorCode(last.code), `On ${host}: ${last.message}.`);
  if (last?.kind === 'failed') throw installFault(`${last.what} on ${host}`, last.code, said);
  throw new RagtuiError(
    'unavailable',
    `The install on ${host} ended without a result.`,
    'Run it again: it goes on where it was.',
  );
}
