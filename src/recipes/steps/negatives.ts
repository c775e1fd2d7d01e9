import { bgeInstruction } from '../../datasets/instructions.ts';
import { NO_AUDIT, USUAL_AUDIT } from '../../datasets/making/types.ts';
import { prepareNegatives } from '../../datasets/negatives/prepare.ts';
import { parseMargin, parseRanks, parseSource } from '../../datasets/negatives/sources.ts';
import { openDataset } from '../../datasets/open.ts';
import { DEFAULT_SEED } from '../../datasets/split.ts';
import { readManifest } from '../../datasets/store.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { SpecOf } from '../plan.ts';
import { datasetThere, madeDataset } from './datasets.ts';
import { modelDigest } from './facts.ts';
import { missingModels } from './ready.ts';
import { needed, partOf, type StepDoer } from './types.ts';

const USUAL_RANKS = '2-200';

const sourcesOf = ({ from, ranks }: SpecOf<'negatives'>) =>
  from.map((text) => parseSource(text, { ranks: parseRanks(ranks ?? USUAL_RANKS), choose: 'sample' }));

/** Retrieval rows: each question, what is right for it, and other passages; by a `make-data` job. */
export const negativesStep: StepDoer<'negatives'> = {
  version: 1,
  facts: ({ paths }, spec) =>
    sourcesOf(spec).flatMap((source) => (source.from === 'embedder' ? [modelDigest(paths, source.embedder)] : [])),
  there: datasetThere,
  make: async ({ world: { paths }, spec, needs, madeName, child }) => {
    const from = needed(needs, 'dataset', 'dataset');
    const dataset = openDataset(paths, from.dataset, { version: from.version });
    const { making, models } = await prepareNegatives(paths, {
      dataset: from.dataset,
      part: partOf(from, spec.part, 'all'),
      as: madeName,
      seed: spec.seed ?? DEFAULT_SEED,
      instruction: spec.instruction ?? (dataset.kind === 'qa' ? bgeInstruction(dataset) : ''),
      sources: sourcesOf(spec),
      kb: null,
      margin: spec.margin === undefined ? null : parseMargin(String(spec.margin)),
      fill: spec.fill ?? true,
      audit: spec.audit === false ? NO_AUDIT : USUAL_AUDIT,
      concurrency: 1,
    });
    const missing = missingModels(paths, models);
    if (missing.length > 0) await child({ kind: 'pull', models: missing }, { part: 'models' });
    await child({ kind: 'make-data', making: { ...making, version: from.version } });
    const manifest = readManifest(paths, madeName);
    if (manifest.kind !== 'retrieval') throw new RagtuiError('internal', `${madeName} holds no retrieval rows.`);
    return madeDataset(manifest, null, [...from.notes, `Negatives: ${spec.from.join(', ')}.`]);
  },
};
