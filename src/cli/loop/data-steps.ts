import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { engineNameSchema } from '../../engines/types.ts';
import { runRagtui } from '../demo/run-ragtui.ts';
import { NAMES, SEED } from './names.ts';
import type { LoopOutcome, LoopStep, LoopWorld } from './types.ts';

/** As published: rows of the CSV, questions and texts of CMRC's trial part. */
const PUBLISHED = { financialRows: 7000, cmrcQuestions: 1002, cmrcContexts: 256 } as const;
const NEGATIVES = 10;

export const dataSteps: readonly LoopStep[] = [
  { name: 'engines', command: () => 'engines check NAME    (installed first where missing)', run: engines },
  {
    name: 'models',
    command: () => `models pull ${NAMES.llm} ${NAMES.embedderBase} ${NAMES.metricEmbedder}`,
    run: models,
  },
  {
    name: 'import',
    command: () => 'dataset import Financial-QA-10k.csv …, dataset import cmrc2018_trial.json …',
    run: importBoth,
  },
  {
    name: 'split',
    command: ({ testRows }) => `dataset split ${NAMES.financial} --by context --test ${testRows} --seed ${SEED}`,
    run: split,
  },
  {
    name: 'export',
    command: () => 'dataset export … --to llamafactory | flagembedding',
    run: exportAll,
  },
];

const engineListSchema = z.object({ engines: z.array(z.object({ name: engineNameSchema, state: z.string() })) });
const checkedSchema = z.object({
  python: z.string(),
  device: z.string(),
  seconds: z.number(),
  versions: z.record(z.string(), z.string()),
});

async function engines(world: LoopWorld): Promise<LoopOutcome> {
  const { engines: known } = engineListSchema.parse(await runRagtui(world, ['engines', 'list']));
  let notCounted = 0;
  for (const { name } of known.filter(({ state }) => state !== 'present')) {
    world.out.note(`  installing ${name}`);
    const startedAt = performance.now();
    await runRagtui(world, ['engines', 'install', name, '--yes']);
    notCounted += (performance.now() - startedAt) / 1000;
  }
  const markdown: string[] = [];
  for (const { name } of known) {
    world.out.note(`  importing ${name}`);
    const { versions, python, device, seconds } = checkedSchema.parse(
      await runRagtui(world, ['engines', 'check', name]),
    );
    const packages = Object.entries(versions).map(([what, version]) => `${what} ${version}`);
    markdown.push(`- ${name}: ${packages.join(', ')}; Python ${python}, ${device}; imported in ${seconds} s`);
  }
  return { ok: known.length === 3, detail: `${known.length} engines import`, markdown, notCounted };
}

async function models(world: LoopWorld): Promise<LoopOutcome> {
  const wanted = [NAMES.llm, NAMES.embedderBase, NAMES.metricEmbedder];
  const { models: pulled } = z
    .object({ models: z.array(z.object({ id: z.string(), pulled: z.boolean() })) })
    .parse(await runRagtui(world, ['models', 'pull', ...wanted]));
  const detail = pulled.map(({ id, pulled: fetched }) => `${id}${fetched ? ' pulled' : ''}`).join(', ');
  return { ok: pulled.length === wanted.length, detail };
}

const importedSchema = z.object({ rows: z.number(), questions: z.number(), contexts: z.number(), skipped: z.number() });

async function importBoth(world: LoopWorld): Promise<LoopOutcome> {
  const read = async (file: string, format: string, name: string) =>
    importedSchema.parse(await runRagtui(world, ['dataset', 'import', file, '--format', format, '--name', name]));
  const financial = await read(world.files.financial, 'financial-qa', NAMES.financial);
  const cmrc = await read(world.files.cmrc, 'cmrc', NAMES.cmrc);
  const ok =
    financial.rows === PUBLISHED.financialRows &&
    cmrc.questions === PUBLISHED.cmrcQuestions &&
    cmrc.contexts === PUBLISHED.cmrcContexts;
  const told = ({ questions, contexts }: typeof cmrc) => `${questions} questions on ${contexts} contexts`;
  return {
    ok,
    detail: `${NAMES.financial}: ${financial.rows} rows, ${told(financial)}; ${NAMES.cmrc}: ${told(cmrc)}`,
  };
}

const splitSchema = z.object({
  split: z.object({ parts: z.array(z.object({ name: z.string(), rows: z.number(), sharedWithTrain: z.number() })) }),
});

async function split(world: LoopWorld): Promise<LoopOutcome> {
  const test = String(world.sizes.testRows);
  const args = ['dataset', 'split', NAMES.financial, '--by', 'context', '--test', test, '--seed', String(SEED)];
  const { parts } = splitSchema.parse(await runRagtui(world, args)).split;
  const held = parts.find(({ name }) => name === 'test');
  const detail = `${parts.map(({ name, rows }) => `${name} ${rows}`).join(', ')}; ${held?.sharedWithTrain} test rows share a context with train`;
  return { ok: held?.rows === world.sizes.testRows && held.sharedWithTrain === 0, detail };
}

async function exportAll(world: LoopWorld): Promise<LoopOutcome> {
  const wanted = [
    { name: NAMES.financial, split: ['--split', 'train'] },
    { name: NAMES.cmrc, split: [] },
  ];
  const made: string[] = [];
  for (const { name, split: part } of wanted) {
    const rows: number[] = [];
    for (const to of ['llamafactory', 'flagembedding']) {
      const folder = path.join(world.paths.exports, `${name}-${to}`);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const negatives = to === 'flagembedding' ? ['--negatives', String(NEGATIVES)] : [];
      const args = ['dataset', 'export', name, '--to', to, '--out', folder, ...part, ...negatives];
      rows.push(z.object({ rows: z.number() }).parse(await runRagtui(world, args)).rows);
    }
    if (rows[0] === 0 || rows[0] !== rows[1]) {
      return { ok: false, detail: `${name}: ${rows.join(' and ')} rows for the two engines` };
    }
    made.push(`${name}: ${rows[0]} rows`);
  }
  return { ok: true, detail: `${made.join(', ')}, for both engines, ${NEGATIVES} negatives` };
}
