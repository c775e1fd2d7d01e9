import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { programVersion } from '../datasets/program-version.ts';
import type { DatasetManifest } from '../datasets/types.ts';
import type { InstalledEngine } from '../engines/store.ts';
import type { EmbedderConfig } from '../models/types.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import type { HeldOutFile } from './embedder-data.ts';
import type { WrittenRows } from './embedder-rows.ts';
import type { Evaluation } from './evaluations.ts';
import type { Parity } from './parity.ts';
import type { EmbedderTraining, Setting } from './types.ts';

/** What is known of a training when its embedder is exported. */
export interface TrainedFacts {
  readonly work: EmbedderTraining;
  readonly job: string;
  readonly data: DatasetManifest;
  readonly rows: WrittenRows;
  readonly heldOut: Omit<HeldOutFile, 'file'> | null;
  /** As the engine was told them. */
  readonly settings: Readonly<Record<string, Setting | readonly number[]>>;
  readonly versions: InstalledEngine['versions'];
  readonly device: InstalledEngine['device'];
  /** Of the exported weights, and of how many. */
  readonly step: number;
  readonly steps: number;
  readonly loss: readonly { readonly step: number; readonly value: number }[];
  readonly evaluations: readonly Evaluation[];
}

/** What the export adds. */
export interface ExportFacts {
  readonly name: string;
  readonly base: string;
  readonly config: EmbedderConfig;
  readonly fingerprint: string;
  readonly parity: Parity;
  readonly sha256: Readonly<Record<string, string>>;
}

/** Paths of one machine say nothing elsewhere. */
const PLACES = ['model_name_or_path', 'train_data', 'output_dir', 'resume_from_checkpoint'];

/** Writes `card.json` and `README.md`: data, parameters, versions, curves, held-out numbers before and after, hashes. */
export function writeCard(folder: string, facts: TrainedFacts, made: ExportFacts): void {
  const card = cardOf(facts, made);
  writeJsonAtomic(path.join(folder, 'card.json'), card);
  writeFileSync(path.join(folder, 'README.md'), readme(card), { mode: 0o600 });
}

type Card = ReturnType<typeof cardOf>;

/** The card as data. Pure but for the time. */
export function cardOf(facts: TrainedFacts, made: ExportFacts) {
  const { work, data, rows, heldOut, settings, evaluations, loss } = facts;
  const at = (step: number) => evaluations.find((one) => one.step === step)?.values ?? null;
  return {
    version: 1 as const,
    ...made,
    job: facts.job,
    madeAt: new Date().toISOString(),
    data: {
      name: data.name,
      version: data.version,
      sha256: data.sha256,
      part: work.split,
      rows: rows.rows,
      negatives: rows.negatives,
      negativesDrawnAtRandom: rows.drawn,
    },
    heldOut: heldOut && {
      part: heldOut.part,
      questions: heldOut.queries,
      passages: heldOut.passages,
      of: heldOut.of,
      trainedOn: heldOut.leaks,
    },
    parameters: Object.fromEntries(Object.entries(settings).filter(([key]) => !PLACES.includes(key))),
    versions: { ragtui: programVersion(), ...facts.versions },
    device: facts.device,
    step: facts.step,
    steps: facts.steps,
    loss: curve(loss),
    before: at(0),
    after: at(facts.step),
    evaluations,
  };
}

/** First and last value of the loss, and the means of its first and last quarter. */
function curve(points: TrainedFacts['loss']) {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return null;
  const quarter = Math.max(1, Math.floor(points.length / 4));
  const mean = (some: TrainedFacts['loss']) => some.reduce((sum, { value }) => sum + value, 0) / some.length;
  return {
    first: first.value,
    last: last.value,
    firstQuarter: mean(points.slice(0, quarter)),
    lastQuarter: mean(points.slice(-quarter)),
    points: points.length,
  };
}

function readme(card: Card): string {
  const { config, data, heldOut, parity } = card;
  const names = Object.keys({ ...card.before, ...card.after }).filter((name) => name !== 'eval_runtime');
  const number = (values: Card['before'], name: string): string => values?.[name]?.toFixed(4) ?? '–';
  const table = [
    `| held-out rows | base | step ${card.step} |`,
    '|---|---|---|',
    ...names.map(
      (name) => `| ${name.slice('eval_'.length)} | ${number(card.before, name)} | ${number(card.after, name)} |`,
    ),
  ];
  const searched = heldOut
    ? `Searched while it was trained: ${heldOut.questions} of ${heldOut.of.queries} questions of \`${heldOut.part}\` in ${heldOut.passages} of ${heldOut.of.passages} passages; ${heldOut.trainedOn.questions} of the questions are trained on too, ${heldOut.trainedOn.passages} have a passage that is.`
    : 'Nothing was held out: there are no numbers of how well it searches.';
  return `${[
    `# ${card.name}`,
    `An embedder, tuned from \`${card.base}\` by ragtui. Vectors of ${config.dimension} numbers, ${config.pooling} pooling${config.normalize ? ', length 1' : ''}, ${config.dtype}; at most ${config.maxTokens} tokens.`,
    config.queryInstruction === ''
      ? 'No instruction before a query.'
      : `Before a query stands: \`${config.queryInstruction}\``,
    '## Data',
    `Dataset \`${data.name}\` ${data.version} (sha256 ${data.sha256}), part \`${data.part}\`: ${data.rows} rows, ${data.negatives.least} to ${data.negatives.most} negatives each, ${data.negativesDrawnAtRandom} rows with negatives drawn at random.`,
    '## Numbers',
    searched,
    ...(heldOut ? [table.join('\n')] : []),
    card.loss
      ? `Training loss: mean of the first quarter ${card.loss.firstQuarter.toFixed(4)}, of the last ${card.loss.lastQuarter.toFixed(4)} (${card.loss.points} points, ${card.steps} steps).`
      : 'No training loss was reported.',
    '## Made with',
    Object.entries(card.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    ['```', JSON.stringify(card.parameters, null, 2), '```'].join('\n'),
    '## Files',
    Object.entries(card.sha256)
      .map(([file, hash]) => `- \`${file}\` sha256 ${hash}`)
      .join('\n'),
    `Fingerprint ${card.fingerprint}. Against torch on ${parity.texts} texts: cosine at least ${parity.min.toFixed(6)}, on average ${parity.mean.toFixed(6)}.`,
  ].join('\n\n')}\n`;
}
