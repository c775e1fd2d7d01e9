import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { type KbClient, SOURCES_A_PAGE, type SourceRecord } from '../protocol.ts';
import type { IngestReport } from '../types.ts';
import { cancelled, type IngestDeps, type IngestWork } from './deps.ts';
import { hashFile } from './hash-file.ts';
import { IngestProgress } from './ingest-progress.ts';
import { type FoundFile, planIngest } from './plan.ts';
import { SourceReader } from './source-reader.ts';
import { StageTimes } from './stage-times.ts';

const SESSION_TRIES = 5;

/**
 * Brings a knowledge base up to date with its roots, once. Can be killed at any moment and run again: what was
 * embedded is kept, a document is visible in its old or its new form and never in between.
 * @throws RagtuiError `cancelled` when `signal` fired, or what broke the whole (service gone for good, disk full).
 */
export async function ingestOnce(deps: IngestDeps): Promise<IngestReport> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ingestSession(deps);
    } catch (error) {
      const problem = toRagtuiError(error);
      if (problem.code !== 'unavailable' || attempt >= SESSION_TRIES || deps.signal.aborted) throw problem;
      deps.onLog(
        'warn',
        `${problem.message} Starting over (${attempt + 1} of ${SESSION_TRIES}); nothing already embedded is done twice.`,
      );
      await delay(250 * 2 ** attempt, undefined, { signal: deps.signal }).catch(() => undefined);
    }
  }
}

async function ingestSession(deps: IngestDeps): Promise<IngestReport> {
  const started = performance.now();
  const progress = new IngestProgress(deps.onProgress);
  const session = await beginSession(deps, progress);
  const report: IngestReport = {
    added: 0,
    changed: 0,
    unchanged: 0,
    removed: 0,
    failed: [],
    warnings: [],
    chunks: 0,
    embedded: 0,
    tokens: 0,
    seconds: 0,
  };
  const times = new StageTimes();
  const finish = async () => {
    report.seconds = (performance.now() - started) / 1000;
    report.stages = times.report();
    await deps.kb.call('ingest.end', { session, report });
  };

  const { found, unknown } = await times.during('walk', scan(deps, progress, report));
  const compare = async () => {
    const known = await knownSources(deps.kb, session);
    return planIngest({ found, unknown, known, roots: deps.work.roots, recipe: deps.recipe }, hashFile);
  };
  const plan = await times.during('compare', compare());
  report.unchanged = plan.unchanged;
  if (plan.stillFailing > 0) report.warnings.push(stillFailingLine(plan.stillFailing, deps.work.kb));
  progress.planned(plan.todo);

  const sources = new SourceReader(deps, { session, report, progress, times, added: plan.added });
  try {
    await sources.readAll(plan.todo);
  } catch (error) {
    await sources.abort();
    // Else the next try, ours or another's, would wait for this one for ever.
    await finish().catch(() => undefined);
    throw deps.signal.aborted ? cancelled() : error;
  }
  if (plan.gone.length > 0) await removeGone(deps, session, plan.gone, report);
  await finish();
  progress.finished();
  return report;
}

/** Takes the knowledge base; waits, saying for whom, while another ingest has it. */
async function beginSession(deps: IngestDeps, progress: IngestProgress): Promise<string> {
  const { work } = deps;
  while (true) {
    if (deps.signal.aborted) throw cancelled();
    const { session, heldBy } = await deps.kb.call('ingest.begin', {
      kb: work.kb,
      groups: work.groups,
      embedders: deps.embedders,
      roots: work.roots,
      owner: deps.owner,
    });
    if (session) return session;
    progress.waitingFor(heldBy ?? 'another ingest');
    await delay(500, undefined, { signal: deps.signal }).catch(() => undefined);
  }
}

async function knownSources(kb: KbClient, session: string): Promise<SourceRecord[]> {
  const known: SourceRecord[] = [];
  for (;;) {
    const page = await kb.call('ingest.sources', { session, after: known.at(-1)?.path ?? '' });
    for (const source of page) known.push(source);
    if (page.length < SOURCES_A_PAGE) return known;
  }
}

/** What is there, and the paths below which nobody can say what is there. */
interface Scan {
  readonly found: readonly FoundFile[];
  readonly unknown: readonly string[];
}

async function scan(deps: IngestDeps, progress: IngestProgress, report: IngestReport): Promise<Scan> {
  const found: FoundFile[] = [];
  const unknown: string[] = [];
  const passedOver = new Map<string, number>();
  for await (const entry of deps.walk(deps.work.roots, deps.signal)) {
    if (deps.signal.aborted) throw cancelled();
    if ('error' in entry && isPruned(deps.work, entry.path, entry.error)) {
      report.warnings.push(`${entry.path} is not there: what came from it leaves.`);
    } else if ('error' in entry) {
      report.failed.push({ path: entry.path, reason: entry.error.message, hint: entry.error.hint });
      if (entry.error.code !== 'not-found') unknown.push(entry.path);
    } else if (deps.isUnreadable(entry.path) && !deps.work.roots.includes(entry.path)) {
      const extension = path.extname(entry.path).toLowerCase();
      passedOver.set(extension, (passedOver.get(extension) ?? 0) + 1);
    } else {
      found.push(entry);
      progress.scanned(found.length);
    }
  }
  if (passedOver.size > 0) report.warnings.push(passedOverLine(passedOver));
  return { found, unknown };
}

/** Whoever asks to prune may name what is gone. */
const isPruned = (work: IngestWork, file: string, error: RagtuiError): boolean =>
  work.prune && error.code === 'not-found' && work.roots.includes(file);

function stillFailingLine(count: number, kb: string): string {
  const files =
    count === 1 ? '1 file that could not be read before has' : `${count} files that could not be read before have`;
  return `${files} not changed since: ragtui kb documents ${kb} --state failed`;
}

/** "Passed over 14 files that are not read: 12 .png, 2 .xlsx." */
function passedOverLine(counts: ReadonlyMap<string, number>): string {
  const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
  const kinds = [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  const list = kinds.map(([extension, n]) => `${n} ${extension}`).join(', ');
  return `Passed over ${total} ${total === 1 ? 'file that is' : 'files that are'} not read: ${list}.`;
}

async function removeGone(deps: IngestDeps, session: string, paths: readonly string[], report: IngestReport) {
  try {
    const { removed } = await deps.kb.call('ingest.remove', { session, paths: [...paths], prune: deps.work.prune });
    report.removed += removed;
  } catch (error) {
    const problem = toRagtuiError(error);
    if (problem.code === 'unavailable') throw problem;
    report.warnings.push(`${problem.message} ${problem.hint}`.trim());
    deps.onLog('warn', problem.message);
  }
}
