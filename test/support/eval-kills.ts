import { goOn } from '../../src/evaluation/control.ts';
import { readItems } from '../../src/evaluation/item-log.ts';
import { buildReport } from '../../src/evaluation/report.ts';
import { readRun } from '../../src/evaluation/runs.ts';
import type { Random } from '../../src/evaluation/statistics/random.ts';
import { columnsOf } from '../../src/evaluation/table.ts';
import type { Evaluation } from '../../src/evaluation/types.ts';
import { waitForJob } from '../../src/jobs/control.ts';
import { identityFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { listJobs, readJob } from '../../src/jobs/registry.ts';
import { isOver, type JobView } from '../../src/jobs/types.ts';
import type { WorkspacePaths } from '../../src/platform/paths.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import type { TestWorkspace } from './workspace.ts';

const VICTIMS = ['worker', 'supervisor', 'service'] as const;

export interface KillPlan {
  readonly workspace: TestWorkspace;
  readonly evaluation: Evaluation;
  readonly rounds: number;
  readonly random: Random;
  /** What the server was asked so far, as COLUMN QUESTION. */
  readonly asked: readonly string[];
  /** So many there are to ask. */
  readonly total: number;
}

export interface Killed {
  /** The run that came to the end. */
  readonly job: JobView;
  readonly killed: Readonly<Record<(typeof VICTIMS)[number], number>>;
  /** Asked although a run before had finished it. */
  readonly repeated: readonly string[];
}

/** A run whose worker, supervisor or knowledge base service is killed at random moments, and that is resumed each time. */
export async function runThroughKills(plan: KillPlan): Promise<Killed> {
  const { workspace, evaluation, rounds, random, asked, total } = plan;
  const { paths } = workspace;
  const killed = { worker: 0, supervisor: 0, service: 0 };
  /** From which request on what was finished before. */
  const finished: { readonly from: number; readonly kept: ReadonlySet<string> }[] = [];
  let job: JobView = await launchJob(paths, { kind: 'evaluate', ...evaluation });
  const over = () => isOver(readJob(paths, job.spec.id).state);
  const resume = async () => {
    finished.push({ from: asked.length, kept: keptOf(paths, evaluation) });
    job = await goOn(paths, job.spec.id);
  };
  for (let round = 1; round <= rounds; round += 1) {
    // Moments are counted in requests, so that a slow machine is hit as evenly as a fast one.
    const moment = Math.floor((total * 0.9 * (round - random.unit())) / rounds);
    await waitUntil(() => asked.length >= moment || over(), 120_000, 1);
    const victim = VICTIMS[random.below(VICTIMS.length)] ?? 'worker';
    const files = jobFiles(job.folder);
    if (victim === 'service') await workspace.killService();
    else if (!(await kill(files[victim]))) await kill(files.worker);
    killed[victim] += 1;
    // Without a record no worker began: its supervisor died first.
    if (!(over() && readJsonFile(files.worker, identityFileSchema) === undefined) && !gone(files.worker)) continue;
    if ((await waitForJob(paths, job.spec.id)).state === 'succeeded') break;
    await resume();
  }
  if ((await waitForJob(paths, job.spec.id)).state !== 'succeeded') await resume();
  job = await waitForJob(paths, job.spec.id);
  const repeated = finished.flatMap(({ from, kept }) => asked.slice(from).filter((one) => kept.has(one)));
  return { job, killed, repeated };
}

/** What stands in the logs of all runs, as in `asked`. */
function keptOf(paths: WorkspacePaths, { columns }: Evaluation): Set<string> {
  const names = new Set(columns.map(({ name }) => name));
  return new Set(
    listJobs(paths).flatMap(({ folder }) =>
      readItems(folder).flatMap(({ column, question }) => (names.has(column) ? [`${column} ${question}`] : [])),
    ),
  );
}

/** Kills the process that a file of the job names; false when it is gone already. */
async function kill(file: string): Promise<boolean> {
  const stored = readJsonFile(file, identityFileSchema);
  const identity = stored && processIdentity(stored.pid);
  if (!stored || !identity || identity.startTime !== stored.startTime) return false;
  process.kill(identity.pid, 'SIGKILL');
  await waitUntil(() => processIdentity(identity.pid)?.startTime !== identity.startTime, 10_000, 2);
  return true;
}

/** Whether the process that a file names has ended. */
function gone(file: string): boolean {
  const stored = readJsonFile(file, identityFileSchema);
  return stored !== undefined && processIdentity(stored.pid)?.startTime !== stored.startTime;
}

/** All of a run but its times and who asked. */
export function tableOf(paths: WorkspacePaths, id: string) {
  const run = readRun(paths, id);
  const { columns, differences } = buildReport(run);
  return {
    items: columnsOf(run).map(({ name, items }) => [
      name,
      [...items.values()].map(({ timing, reusedFrom, ...rest }) => rest),
    ]),
    figures: columns.map(({ name, items, errors, metrics }) => ({ name, items, errors, metrics })),
    differences,
  };
}
