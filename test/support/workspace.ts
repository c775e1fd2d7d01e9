import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { stopJob, waitForJob } from '../../src/jobs/control.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { listJobs } from '../../src/jobs/registry.ts';
import { isOver, type JobView } from '../../src/jobs/types.ts';
import { connectKb } from '../../src/kb/client.ts';
import { type KbClient, PROTOCOL_VERSION } from '../../src/kb/protocol.ts';
import { type IngestReport, ingestReportSchema, type NodeGroup } from '../../src/kb/types.ts';
import { ensureWorkspace, type WorkspacePaths } from '../../src/platform/paths.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { pathsWithModels } from './models.ts';

export const EMBEDDER = 'bge-small-en-v1.5-int8';
export const LINE: NodeGroup = { name: 'line', splitter: 'line' };

/** A workspace in a temporary folder with the real service, jobs and models. */
export class TestWorkspace {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-test-'));
  readonly paths: WorkspacePaths = pathsWithModels(path.join(this.folder, 'home'));

  constructor() {
    ensureWorkspace(this.paths);
  }

  async withKb<T>(use: (kb: KbClient) => Promise<T>): Promise<T> {
    const kb = await connectKb(this.paths);
    try {
      return await use(kb);
    } finally {
      await kb.close();
    }
  }

  createKb(name: string, groups: NodeGroup[] = [LINE], embedders: string[] = [EMBEDDER]) {
    return this.withKb((kb) => kb.call('kb.create', { name, groups, embedders }));
  }

  launchIngest(
    kb: string,
    roots: string[],
    over: { groups?: NodeGroup[]; embedders?: string[]; prune?: boolean; threads?: number } = {},
  ) {
    const { groups = [LINE], embedders = [EMBEDDER], prune = false, threads = 1 } = over;
    return launchJob(this.paths, { kind: 'ingest', kb, roots, groups, embedders, watch: false, prune, threads });
  }

  async ingest(...args: Parameters<TestWorkspace['launchIngest']>): Promise<{ view: JobView; report: IngestReport }> {
    const { spec } = await this.launchIngest(...args);
    const view = await waitForJob(this.paths, spec.id);
    return { view, report: reportOf(view) };
  }

  /** Pid of the running kb service. */
  servicePid(): Promise<number> {
    return this.withKb(async (kb) => (await kb.call('hello', { version: PROTOCOL_VERSION })).pid);
  }

  async killService(): Promise<void> {
    const pid = await this.servicePid();
    process.kill(pid, 'SIGKILL');
    await waitUntil(() => processIdentity(pid) === undefined, 10_000);
  }

  /** Everything of a knowledge base that a person could see, in an order of its own. */
  dump(name: string) {
    return this.withKb(async (kb) => {
      const shown = await kb.call('kb.show', { kb: name });
      const { documents } = await kb.call('kb.documents', { kb: name, limit: 1000 });
      const contents = [];
      for (const { id, name: document, state, error } of documents) {
        const { text } = await kb.call('kb.document', { kb: name, id });
        const chunks = [];
        for (const group of shown.groups) {
          const found = await kb.call('kb.chunks', { kb: name, documentId: id, group: group.name, limit: 1000 });
          chunks.push(...found.chunks.map((c) => [group.name, c.ordinal, c.start, c.end, c.text]));
        }
        contents.push({ document, state, error, text, chunks });
      }
      contents.sort((a, b) => a.document.localeCompare(b.document));
      const indexes = shown.indexes.map(({ group, embedder, vectors, missing }) => ({
        group,
        embedder,
        vectors,
        missing,
      }));
      return { documents: shown.documents, chunks: shown.chunks, indexes, contents };
    });
  }

  /** Stops what runs and removes the folder. */
  async remove(): Promise<void> {
    for (const job of listJobs(this.paths)) if (!isOver(job.state)) await stopJob(this.paths, job.spec.id);
    await this.killService().catch(() => undefined);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The report an ingest job left as its last `report` artifact. */
export function reportOf(view: JobView): IngestReport {
  const lines = readFileSync(path.join(view.folder, 'events.jsonl'), 'utf8').trim().split('\n');
  const report = lines
    .map((line) => JSON.parse(line))
    .filter((event) => event.type === 'artifact' && event.name === 'report')
    .at(-1);
  if (!report) throw new Error(`The job ${view.spec.id} is ${view.state} and left no report: ${view.reason}`);
  return ingestReportSchema.parse(report.data);
}
