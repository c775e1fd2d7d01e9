import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { programVersion } from '../datasets/program-version.ts';
import type { DatasetManifest } from '../datasets/types.ts';
import { readJsonFile } from '../jobs/folder.ts';
import type { KbClient } from '../kb/protocol.ts';
import { formatLabel } from '../rag/output-format.ts';
import type { ReadyColumn } from './ask-column.ts';
import { type JudgeCapsule, judgeCapsuleSchema } from './judge/types.ts';
import { hashOf } from './plan.ts';
import type { Scorer } from './score.ts';

/** What a run's figures rest on, beside its own work: written before the first question. */
export const capsuleSchema = z.object({
  program: z.string(),
  node: z.string(),
  machine: z.string(),
  dataset: z.object({ sha256: z.string(), source: z.string(), sourceSha256: z.string() }),
  knowledgeBase: z
    .object({
      name: z.string(),
      documents: z.number(),
      chunks: z.number(),
      groups: z.array(z.unknown()),
      embedders: z.array(z.string()),
    })
    .nullable(),
  /** By column: digest of the LLM's weights (or of its address), and the answering server's own name for it. */
  models: z.record(z.string(), z.object({ digest: z.string(), model: z.string(), strict: z.boolean() })),
  /** By column: hash of its prompt with stand-ins for passage and question. */
  prompts: z.record(z.string(), z.string()).optional(),
  /** By column: the form that its server holds answers to, in words with a hash. */
  formats: z.record(z.string(), z.string()).optional(),
  metrics: z.array(
    z.object({ name: z.string(), version: z.union([z.number(), z.string()]), embedder: z.string().nullable() }),
  ),
  /** Who judged while the run went on; a judge that came afterwards has its own in `judges/`. */
  judge: judgeCapsuleSchema.optional(),
});
export type Capsule = z.infer<typeof capsuleSchema>;

export const capsuleFile = (folder: string): string => path.join(folder, 'capsule.json');

/** The capsule of a run; undefined while it has not begun. */
export const readCapsule = (folder: string): Capsule | undefined => readJsonFile(capsuleFile(folder), capsuleSchema);

export async function makeCapsule(parts: {
  manifest: DatasetManifest;
  kb: Pick<KbClient, 'call'> | null;
  base: string | null;
  columns: readonly ReadyColumn[];
  scorer: Scorer;
  judge?: JudgeCapsule | undefined;
}): Promise<Capsule> {
  const { manifest, kb, base, columns, scorer, judge } = parts;
  const { source } = manifest.lineage;
  const shown = kb && base !== null ? await kb.call('kb.show', { kb: base }) : null;
  return {
    program: programVersion(),
    node: process.version,
    machine: `${os.cpus()[0]?.model.trim() ?? os.arch()}, ${os.availableParallelism()} cores`,
    dataset: { sha256: manifest.sha256, source: source.name, sourceSha256: source.sha256 },
    knowledgeBase: shown && {
      name: shown.name,
      documents: shown.documents,
      chunks: shown.chunks,
      groups: shown.groups,
      embedders: shown.embedders,
    },
    models: Object.fromEntries(
      columns.flatMap(({ column, llm }) =>
        llm ? [[column.name, { digest: llm.digest, model: llm.endpoint.model, strict: llm.endpoint.embedded }]] : [],
      ),
    ),
    prompts: Object.fromEntries(
      columns.flatMap(({ column, template, llm }) =>
        llm ? [[column.name, hashOf(template.build({ passages: ['PASSAGE'], question: 'QUESTION' }))]] : [],
      ),
    ),
    formats: Object.fromEntries(
      columns.flatMap(({ column }) => (column.format ? [[column.name, formatLabel(column.format)]] : [])),
    ),
    metrics: scorer.metrics.map(({ name, version, embedder }) => ({
      name,
      version,
      embedder: embedder === undefined ? null : (scorer.fingerprint(embedder) ?? null),
    })),
    ...(judge ? { judge } : {}),
  };
}
