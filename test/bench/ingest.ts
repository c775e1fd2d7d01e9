import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readJob } from '../../src/jobs/registry.ts';
import { isOver } from '../../src/jobs/types.ts';
import type { IngestReport } from '../../src/kb/types.ts';
import { resolveEmbedder, startEmbedder } from '../../src/models/embedder-client.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { ensureModels, pathsWithModels } from '../support/models.ts';
import { EMBEDDER, reportOf, TestWorkspace } from '../support/workspace.ts';
import { type Corpus, englishPassages, wordMaker } from './corpus.ts';
import { spread } from './stats.ts';
import type { BenchContext, Benchmark, BenchRow } from './types.ts';
import { addVectorServer, startVectorServer, type VectorServer } from './vector-server.ts';

const SYNTHETIC = 'synthetic';
const JOB_TIMEOUT_MS = 900_000;

export const ingest: Benchmark = {
  name: 'ingest',
  about: 'documents to a searchable knowledge base by the headless job; the same again without a change',
  async run(context) {
    const rows = await withEmbedding(context);
    const server = await startVectorServer();
    context.defer(() => server.close());
    const chunks = context.quick ? 2000 : 10_000;
    rows.push(...(await withoutEmbedding(context, server, { files: 200, lines: chunks / 200 })));
    rows.push(...(await withoutEmbedding(context, server, { files: chunks / 5, lines: 5 })));
    return rows;
  },
};

/** How near a whole ingest comes to nothing but embedding. */
async function withEmbedding(context: BenchContext): Promise<BenchRow[]> {
  const { quick, scratch, log } = context;
  await ensureModels([EMBEDDER]);
  const corpus = await englishPassages(context.data, quick ? 64 : 600);
  const file = path.join(scratch, 'contexts.csv');
  writeFileSync(file, csv(corpus.texts));
  const rounds = quick ? 1 : 3;
  const speeds: number[] = [];
  const shares: number[] = [];
  const whole: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    log(`ingest of ${corpus.texts.length} contexts, round ${round + 1} of ${rounds}`);
    // Which of the two comes first changes from round to round.
    const pureFirst = round % 2 === 1 ? await pureEmbedding(scratch, corpus) : undefined;
    const { report, wallSeconds } = await freshIngest(file);
    const pure = pureFirst ?? (await pureEmbedding(scratch, corpus));
    if (report.embedded !== corpus.texts.length)
      throw new Error(`${report.embedded} of ${corpus.texts.length} texts were embedded`);
    speeds.push(report.chunks / report.seconds);
    whole.push(report.chunks / wallSeconds);
    shares.push(pure / report.seconds);
  }
  const speed = spread(speeds);
  const share = spread(shares);
  return [
    {
      measure: 'chunks embedded and published',
      value: speed.median,
      unit: 'chunks/s',
      min: speed.min,
      max: speed.max,
      note: `${corpus.texts.length} rows of one CSV, ${corpus.origin}, ${EMBEDDER}, one embedder process`,
    },
    {
      measure: 'the same with the start of the job',
      value: spread(whole).median,
      unit: 'chunks/s',
      note: 'from the launch of the job to its end',
    },
    {
      measure: 'share that is pure embedding',
      value: 100 * share.median,
      unit: '%',
      min: 100 * share.min,
      max: 100 * share.max,
      ratio: share.median,
      note: 'the same texts through one warm embedder process, next to it in the same round; 100 % = nothing else costs',
    },
  ];
}

async function freshIngest(file: string): Promise<{ report: IngestReport; wallSeconds: number }> {
  const workspace = new TestWorkspace();
  try {
    await workspace.createKb('bench');
    return await timedIngest(workspace, () => workspace.launchIngest('bench', [file]));
  } finally {
    await workspace.remove();
  }
}

/** Seconds for nothing but the vectors. */
async function pureEmbedding(scratch: string, { texts }: Corpus): Promise<number> {
  const paths = pathsWithModels(path.join(scratch, 'home'));
  const embedder = await startEmbedder(await resolveEmbedder(paths, EMBEDDER), { threads: 1, nice: 10 });
  try {
    const started = performance.now();
    await embedder.embed(texts, { kind: 'passage' });
    return (performance.now() - started) / 1000;
  } finally {
    await embedder.close();
  }
}

interface Shape {
  readonly files: number;
  readonly lines: number;
}

/** What is left of an ingest when the vectors come for nothing, and a second one when nothing has changed. */
async function withoutEmbedding(
  { quick, log }: BenchContext,
  server: VectorServer,
  { files, lines }: Shape,
): Promise<BenchRow[]> {
  const workspace = new TestWorkspace();
  try {
    await addVectorServer(workspace.paths, SYNTHETIC, server);
    await workspace.createKb('bench', undefined, [SYNTHETIC]);
    const folder = writeDocuments(path.join(workspace.folder, 'documents'), files, lines);
    const shape = `${files * lines} chunks in ${files} files`;
    const launch = () => workspace.launchIngest('bench', [folder], { embedders: [SYNTHETIC] });
    log(`${shape}, vectors given`);
    const first = await timedIngest(workspace, launch);
    if (first.report.chunks !== files * lines)
      throw new Error(`${first.report.chunks} chunks came of ${files * lines} lines`);

    const asked = server.asked();
    const warm: number[] = [];
    const inside: number[] = [];
    const cold: number[] = [];
    for (let round = 0; round < (quick ? 2 : 5); round += 1) {
      for (const times of [warm, cold]) {
        if (times === cold) await workspace.killService();
        const again = await timedIngest(workspace, launch);
        assertUnchanged(again.report, files);
        times.push(again.wallSeconds);
        if (times === warm) inside.push(again.report.seconds);
      }
    }
    const calls = server.asked() - asked;
    const wall = spread(warm);
    return [
      {
        measure: `${shape}, vectors given`,
        value: first.report.chunks / first.report.seconds,
        unit: 'chunks/s',
        note: 'what reading, splitting, storing and indexing could do with an embedder that costs nothing',
      },
      {
        measure: `no change, ${shape}`,
        value: wall.median,
        unit: 's',
        min: wall.min,
        max: wall.max,
        budget: { most: 1 },
        note: `from the launch of the job to its end, kb service running; ${spread(inside).median.toFixed(2)} s of it are the ingest itself`,
      },
      {
        measure: `no change, ${shape}: texts embedded`,
        value: calls,
        unit: 'texts',
        budget: { most: 0 },
        note: `${(spread(cold).median).toFixed(2)} s when the kb service has to be started first`,
      },
    ];
  } finally {
    await workspace.remove();
  }
}

function assertUnchanged(report: IngestReport, files: number): void {
  const { unchanged, embedded, added, changed, failed } = report;
  if (unchanged === files && embedded + added + changed + failed.length === 0) return;
  throw new Error(`a re-ingest without change did ${JSON.stringify(report).slice(0, 200)}`);
}

export async function timedIngest(
  { paths }: TestWorkspace,
  launch: () => ReturnType<TestWorkspace['launchIngest']>,
): Promise<{ report: IngestReport; wallSeconds: number }> {
  const started = performance.now();
  const { spec } = await launch();
  await waitUntil(() => isOver(readJob(paths, spec.id).state), JOB_TIMEOUT_MS, 5);
  const wallSeconds = (performance.now() - started) / 1000;
  return { report: reportOf(readJob(paths, spec.id)), wallSeconds };
}

function writeDocuments(folder: string, files: number, lines: number): string {
  const words = wordMaker(11);
  mkdirSync(folder, { recursive: true });
  for (let file = 0; file < files; file += 1) {
    const text = Array.from({ length: lines }, (_, line) => `${file}.${line} ${words(30)}`).join('\n');
    writeFileSync(path.join(folder, `${String(file).padStart(5, '0')}.txt`), text);
  }
  return folder;
}

export const csv = (texts: readonly string[]): string =>
  ['context', ...texts.map((text) => `"${text.replaceAll('"', '""')}"`), ''].join('\n');
