import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir, stat, statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { LOCAL } from '../src/hosts/types.ts';
import { cloneJob, noteJob, resumeJob, retryJob, startNow, tagJob } from '../src/jobs/control.ts';
import { localLauncher } from '../src/jobs/launchers/local.ts';
import { deleteWithMade, planDeletion } from '../src/jobs/made.ts';
import { whatRan } from '../src/jobs/ran.ts';
import { deleteJob, listJobs, readJob, watchJobs } from '../src/jobs/registry.ts';
import { launcherName } from '../src/jobs/types.ts';
import { assertEmbedderUnused } from '../src/kb/embedder-use.ts';
import type { KbClient } from '../src/kb/protocol.ts';
import { splitDocument } from '../src/kb/splitters/registry.ts';
import { pullModel } from '../src/models/pull.ts';
import { listEndpoints, listModels, modelFolder, modelStatus, removeModel } from '../src/models/store.ts';
import { loadTokenizer, type TextTokenizer } from '../src/models/tokenizer.ts';
import { verifyModel } from '../src/models/verify.ts';
import { RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { WorkspacePaths } from '../src/platform/paths.ts';
import { compare } from '../src/rag/compare.ts';
import { changesSince, presentFor } from '../src/rag/comparisons/changes.ts';
import { compareAndKeep } from '../src/rag/comparisons/record.ts';
import { answer } from '../src/rag/pipeline.ts';
import { listPrompts, type TemplateText } from '../src/rag/prompts.ts';
import { llmResolver } from '../src/serving/resolve.ts';
import { listServers, servedNames } from '../src/serving/servers.ts';
import { factsOfWorkspace } from '../src/tour/facts.ts';
import { readTour, writeTour } from '../src/tour/record.ts';
import type { ComparePort } from './compare.ts';
import type { AskPort, JobsPort, ModelsPort, PreviewPort } from './dependencies.ts';
import type { PathPort } from './path.ts';
import { realServers } from './servers-port.ts';
import type { TourPort } from './tour.ts';

/** The real world behind the stores; nothing here blocks for long and nothing is native. */

export function realModels(paths: WorkspacePaths): ModelsPort {
  return {
    list: async () => listModels(paths),
    endpoints: async () => listEndpoints(paths),
    pull: async (id, options) => {
      await pullModel(paths, id, options);
    },
    verify: async (id) => {
      const report = await verifyModel(paths, id);
      const status = modelStatus(paths, id);
      return report.ok ? status : { ...status, state: 'damaged' };
    },
    remove: async (id) => {
      await assertEmbedderUnused(paths, id);
      await removeModel(paths, id);
    },
    servers: realServers(paths),
  };
}

export function realJobs(paths: WorkspacePaths): JobsPort {
  const launcher = localLauncher(paths);
  return {
    list: async () => listJobs(paths),
    view: (id) => launcher.state(id),
    launch: async (name, work) => {
      const where = launcherName(work);
      // Not at the top: who looks at jobs of this machine needs no ssh.
      const named = async () => (await import('../src/jobs/launchers/ssh.ts')).launcherNamed(paths, where);
      return (await (where === LOCAL ? launcher : await named()).start(work, { name })).spec.id;
    },
    tail: (id, listener) => {
      const controller = new AbortController();
      void launcher.attach(id, { signal: controller.signal, onEvents: listener });
      return () => controller.abort();
    },
    watch: (listener) => watchJobs(paths, listener),
    stop: async (id, onStep) => {
      await launcher.stop(id, { onStep });
    },
    startNow: async (id) => {
      startNow(paths, id);
    },
    resume: async (id) => (await resumeJob(paths, id)).spec.id,
    retry: async (id) => (await retryJob(paths, id)).spec.id,
    clone: async (id, changes) => (await cloneJob(paths, id, changes)).spec.id,
    note: async (id, text) => {
      noteJob(paths, id, text);
    },
    tag: async (id, changes) => {
      tagJob(paths, id, changes);
    },
    remove: async (id) => deleteJob(paths, id),
    deletion: (id, bases) => planDeletion(paths, id, bases),
    removeWithMade: async (id, bases) => {
      await deleteWithMade(paths, id, bases);
    },
    output: (id, name, listener) => {
      const controller = new AbortController();
      const { signal } = controller;
      void launcher
        .output(id, name, { signal, onLines: listener })
        .catch((error: unknown) => listener([toRagtuiError(error).message]));
      return () => controller.abort();
    },
    ran: async (id) => whatRan(readJob(paths, id)),
  };
}

export function realAnswers(
  paths: WorkspacePaths,
  connect: () => Promise<KbClient>,
  prompts: () => Readonly<Record<string, TemplateText>>,
): AskPort {
  const resolveLlm = llmResolver(paths);
  return {
    async *ask({ question, pipeline, thread, signal, onStatus }) {
      const kb = await connect();
      yield* answer(
        { kb, paths, resolveLlm, prompts: prompts() },
        { question, pipeline, thread },
        { signal, onStatus },
      );
    },
  };
}

export function realCompare(
  paths: WorkspacePaths,
  connect: () => Promise<KbClient>,
  prompts: () => Readonly<Record<string, TemplateText>>,
): ComparePort {
  const resolveLlm = llmResolver(paths);
  return {
    compare: async (request, { keep, ...options }) => {
      const kb = await connect();
      const deps = { kb, paths, resolveLlm, prompts: prompts() };
      if (keep) return (await compareAndKeep(deps, request, options)).kept;
      await compare(deps, request, options);
      return { id: null, fault: null };
    },
    prompts: () => listPrompts(paths, prompts()),
    changes: async (kept) => {
      const kb = await connect();
      const present = await presentFor({ kb, paths, prompts: prompts() }, kept);
      return changesSince(kept, present).map(({ text }) => text);
    },
    export: async (name, text) => {
      mkdirSync(paths.exports, { recursive: true, mode: 0o700 });
      const file = path.join(paths.exports, name);
      writeFileSync(file, text, { mode: 0o600 });
      return file;
    },
    served: () =>
      listServers(paths).flatMap(({ work }) =>
        work.engine === 'vllm' && work.runner === undefined ? servedNames(work).map((name) => `${name}@vllm`) : [],
      ),
  };
}

/** A preview stays far below 20 ms: only the beginning of a text is cut. */
const PREVIEW_CHARACTERS = 20_000;

export function realPreview(paths: WorkspacePaths): PreviewPort {
  const tokenizers = new Map<string, Promise<TextTokenizer>>();
  const tokenizerOf = (id: string): Promise<TextTokenizer> => {
    const known = tokenizers.get(id);
    if (known) return known;
    if (modelStatus(paths, id).state !== 'present') {
      throw new RagtuiError('unavailable', `The tokenizer of ${id} is not here.`, 'Pull the model on screen 4.');
    }
    const loading = loadTokenizer(modelFolder(paths, id));
    tokenizers.set(id, loading);
    loading.catch(() => tokenizers.delete(id));
    return loading;
  };
  return {
    split: async (text, group, signal) => {
      const tokenizer = group.splitter === 'token' ? await tokenizerOf(group.tokenizer) : undefined;
      signal.throwIfAborted();
      const beginning = text.slice(0, PREVIEW_CHARACTERS);
      return splitDocument(beginning, group, tokenizer ? { countTokens: (piece) => tokenizer.count(piece) } : {});
    },
  };
}

/** The tour's record in the workspace. */
export const realTour = (paths: WorkspacePaths): TourPort => ({
  read: () => readTour(paths),
  write: (record) => writeTour(paths, record),
  facts: () => factsOfWorkspace(paths),
});

export function realPaths(): PathPort {
  return {
    homeFolder: homedir(),
    currentFolder: process.cwd(),
    kind: async (path) => {
      const found = await stat(path).catch(() => null);
      return found ? (found.isDirectory() ? 'folder' : 'file') : 'missing';
    },
    entries: async (folder) => {
      const entries = await readdir(folder, { withFileTypes: true });
      return entries.map((entry) => ({ name: entry.name, folder: entry.isDirectory() }));
    },
  };
}

/** Free and used bytes of the disk under a folder. */
export async function diskOf(folder: string): Promise<{ free: number; used: number }> {
  const { bavail, bfree, blocks, bsize } = await statfs(folder);
  return { free: bavail * bsize, used: (blocks - bfree) * bsize };
}
