import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { jobFiles } from '../../src/jobs/folder.ts';
import { readJob } from '../../src/jobs/registry.ts';
import { isOver, type JobView } from '../../src/jobs/types.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { reportOf, TestWorkspace } from '../support/workspace.ts';
import { wordMaker } from './corpus.ts';
import { ProcessWatch } from './process-watch.ts';
import type { BenchContext, Benchmark, BenchRow } from './types.ts';
import { addVectorServer, startVectorServer } from './vector-server.ts';

const SYNTHETIC = 'synthetic';
const BIG_DIMENSION = 384;
const LINES_PER_FILE = 50;
const WORDS_PER_LINE = 30;
/** Every so many files one is HTML, which a parser process reads. */
const HTML_EVERY = 4;
/** Share of the chunks after which the worker is killed, and again the service. */
const KILL_AT = 0.3;
const LONGEST_MS = 12 * 3_600_000;
const DAY_MS = 24 * 3_600_000;

export const bigIngest: Benchmark = {
  name: 'big-ingest',
  about: 'made-up documents to a searchable knowledge base, vectors given: time, memory, disk, a kill -9 in the middle',
  async run(context) {
    const chunks = context.chunks ?? (context.quick ? 10_000 : 100_000);
    const server = await startVectorServer({ dimension: BIG_DIMENSION });
    context.defer(() => server.close());
    const workspace = new TestWorkspace();
    context.defer(() => workspace.remove());
    await addVectorServer(workspace.paths, SYNTHETIC, server);
    await workspace.createKb('bench', undefined, [SYNTHETIC]);
    const folder = path.join(workspace.folder, 'documents');
    writeDocuments(folder, chunks);
    context.log(`${chunks} chunks in ${chunks / LINES_PER_FILE} files written`);
    const watch = new ProcessWatch(workspace.paths.home);
    try {
      return await measured(context, workspace, folder, chunks, { watch, asked: server.asked });
    } finally {
      await watch.end();
    }
  },
};

async function measured(
  { log }: BenchContext,
  workspace: TestWorkspace,
  folder: string,
  chunks: number,
  { watch, asked }: { watch: ProcessWatch; asked: () => number },
): Promise<BenchRow[]> {
  const launch = () => workspace.launchIngest('bench', [folder], { embedders: [SYNTHETIC] });
  const clock = (from: number) => (performance.now() - from) / 1000;
  const started = performance.now();
  const killed = await launch();
  await follow(workspace, killed, log, KILL_AT * chunks, () => {
    const { pid } = z
      .object({ pid: z.number() })
      .parse(JSON.parse(readFileSync(jobFiles(killed.folder).worker, 'utf8')));
    log(`kill -9 of the ingest worker, process ${pid}`);
    process.kill(pid, 'SIGKILL');
  });
  const before = clock(started);
  const resumed = performance.now();
  let service = 0;
  const job = await launch();
  await follow(workspace, job, log, KILL_AT * chunks, async () => {
    service = await workspace.servicePid();
    log(`kill -9 of the kb service, process ${service}`);
    process.kill(service, 'SIGKILL');
  });
  const report = reportOf(readJob(workspace.paths, job.spec.id));
  const after = clock(resumed);
  log(`ingested in ${before.toFixed(0)} s and ${after.toFixed(0)} s: ${JSON.stringify(report)}`);
  const indexing = performance.now();
  await indexed(workspace);
  const indexSeconds = clock(indexing);
  log(`indexed ${indexSeconds.toFixed(0)} s later`);
  const shown = await workspace.withKb((kb) => kb.call('kb.show', { kb: 'bench' }));
  const [index] = shown.indexes;
  if (shown.chunks !== chunks || index?.vectors !== chunks || index.missing !== 0)
    throw new Error(`of ${chunks} chunks there are ${JSON.stringify(shown)}`);
  const mb = (bytes: number) => bytes / 2 ** 20;
  const per = (bytes: number) => `${Math.round(bytes / chunks)} bytes/chunk`;
  const { database, indexes } = diskOf(workspace);
  if (indexes < 0.95 * chunks * 4 * BIG_DIMENSION)
    log('not all vectors are in segments: see the log of the kb service');
  return [
    {
      measure: 'ingest',
      value: chunks / (before + after),
      unit: 'chunks/s',
      note: `${before.toFixed(0)} s until the worker was killed, ${after.toFixed(0)} s after it, the kb service killed on the way`,
    },
    {
      measure: 'texts embedded twice',
      value: asked() - chunks,
      unit: 'texts',
      note: 'what was in work when it was killed, and canary texts',
    },
    { measure: 'index after it', value: indexSeconds, unit: 's' },
    { measure: 'database', value: mb(database), unit: 'MB', note: per(database) },
    { measure: 'index files', value: mb(indexes), unit: 'MB', note: per(indexes) },
    ...Object.entries(report.stages ?? {}).map(([stage, seconds]) => ({
      measure: `after the kill, waited for: ${stage}`,
      value: seconds,
      unit: 's',
    })),
    ...[...watch.took()].flatMap(([role, { peakMb, togetherMb, cpuSeconds, processes }]): BenchRow[] => [
      {
        measure: `${role}: peak memory`,
        value: peakMb,
        unit: 'MB',
        note: `${processes} of them, ${togetherMb.toFixed(0)} MB at once`,
      },
      { measure: `${role}: processor`, value: cpuSeconds, unit: 's' },
    ]),
  ];
}

/** Until the job is over; `hurt` is called once, when so many chunks are done. */
async function follow(
  workspace: TestWorkspace,
  { spec }: JobView,
  log: (text: string) => void,
  at: number,
  hurt: () => void | Promise<void>,
): Promise<void> {
  let said = '';
  let unhurt = true;
  const over = await waitUntil(
    async () => {
      const { state, progress } = readJob(workspace.paths, spec.id);
      const done = progress?.details['embedded'] ?? 0;
      const line = progress ? `${progress.phase}: ${Math.floor(done / 20_000)}` : '';
      if (progress && line !== said) log(`${progress.phase}: ${done} embedded`);
      said = line;
      if (unhurt && done >= at) {
        unhurt = false;
        await hurt();
      }
      return isOver(state);
    },
    LONGEST_MS,
    500,
  );
  if (!over || unhurt) throw new Error(`the job ${spec.id} ${over ? 'was over before it was hurt' : 'does not end'}`);
}

async function indexed(workspace: TestWorkspace): Promise<void> {
  await workspace.withKb(async (kb) => {
    await kb.call('search', { kb: 'bench', query: 'warm', mode: 'vector' });
    const state = async () => (await kb.call('kb.show', { kb: 'bench' })).indexes[0]?.search;
    await waitUntil(async () => (await state()) !== 'rebuilding', DAY_MS, 250);
  });
}

function diskOf({ paths }: TestWorkspace): { database: number; indexes: number } {
  const size = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const indexes = readdirSync(paths.indexes).reduce((sum, name) => sum + size(path.join(paths.indexes, name)), 0);
  return { database: size(paths.database) + size(`${paths.database}-wal`), indexes };
}

function writeDocuments(folder: string, chunks: number): void {
  const words = wordMaker(11);
  const files = Math.ceil(chunks / LINES_PER_FILE);
  for (let file = 0; file < files; file += 1) {
    const inside = path.join(folder, String(Math.floor(file / 500)).padStart(4, '0'));
    if (file % 500 === 0) mkdirSync(inside, { recursive: true });
    const lines = Array.from({ length: LINES_PER_FILE }, (_, line) => `${file}.${line} ${words(WORDS_PER_LINE)}`);
    const name = path.join(inside, String(file % 500).padStart(3, '0'));
    if (file % HTML_EVERY === HTML_EVERY - 1) writeFileSync(`${name}.html`, page(lines));
    else writeFileSync(`${name}.txt`, lines.join('\n'));
  }
}

const page = (lines: readonly string[]): string =>
  `<!doctype html><html><head><title>${lines[0]?.slice(0, 30)}</title></head><body><article>${lines.map((line) => `<p>${line}</p>`).join('\n')}</article></body></html>`;
