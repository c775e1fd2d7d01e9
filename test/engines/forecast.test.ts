import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { checkDataset } from '../../src/datasets/doctor/check.ts';
import { viewOf } from '../../src/datasets/doctor/row-view.ts';
import { targetModel } from '../../src/datasets/doctor/target-model.ts';
import { cutPairs, tokenPairs } from '../../src/datasets/doctor/token-pairs.ts';
import { exportDataset } from '../../src/datasets/exporters/registry.ts';
import { openDataset } from '../../src/datasets/open.ts';
import type { DatasetKind, DatasetRow } from '../../src/datasets/types.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { workspacePaths } from '../../src/platform/paths.ts';
import { fixtureRows, publishRows } from '../unit/datasets/doctor-support.ts';

// The forecast "the engine will keep N of M rows", and what a cutoff leaves, against what LLaMA-Factory then loads: the
// planted defects, in its own words and tokens.

const caches = path.join(packageRoot(), '.cache');
const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-forecast-'));
const paths = workspacePaths(home, {
  RAGTUI_ENGINES_CACHE: process.env['RAGTUI_ENGINES_CACHE'] ?? path.join(caches, 'engines'),
  RAGTUI_MODELS_CACHE: process.env['RAGTUI_MODELS_CACHE'] ?? path.join(caches, 'models'),
});
const model = path.join(paths.models, 'smollm2-135m-instruct-hf');
const python = path.join(paths.engines, 'llamafactory', 'bin', 'python');
const have = existsSync(python) && existsSync(path.join(model, 'config.json'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

test.runIf(!have)('LLaMA-Factory is not installed here: its loader was NOT asked', () => expect(have).toBe(false));

const loadedSchema = z.object({ tokens: z.array(z.number()), answers: z.array(z.number()) });

function load(folder: string, dataset: string, cutoff: number): z.output<typeof loadedSchema> {
  const script = path.join(packageRoot(), 'test', 'support', 'python', 'load_lengths.py');
  const text = execFileSync(python, [script, folder, dataset, model, String(cutoff), path.join(home, 'out')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      HF_HUB_OFFLINE: '1',
      HF_HOME: path.join(home, 'hf'),
      CUDA_VISIBLE_DEVICES: '',
      DISABLE_VERSION_CHECK: '1',
    },
    maxBuffer: 1 << 26,
  });
  return loadedSchema.parse(JSON.parse(text.trim().split('\n').at(-1) ?? ''));
}

// Half a character stops the engine at the whole file (below). An empty system text becomes LLaMA-Factory's own, which
// for this model has a full stop more than the model's.
const half = (row: DatasetRow): boolean => viewOf(row).fields.some(({ text }) => /\p{Surrogate}/u.test(text));
const rowsOf = (kind: DatasetKind, name: string) =>
  fixtureRows(kind, name).filter((row) => !half(row) && viewOf(row).id !== 'm17');

test.runIf(have)(
  'half a character: the forecast says that nothing is kept, and the engine refuses the file',
  async () => {
    await publishRows(paths, 'half', 'qa', fixtureRows('qa', 'qa-zh'));
    const { findings } = await checkDataset(paths, 'half', { only: ['encoding-damage'] });
    expect(findings.summary.forecasts[0]).toMatchObject({
      kept: 0,
      refused: expect.stringMatching(/half a character/),
    });
    const made = await exportDataset(
      openDataset(paths, 'half'),
      'llamafactory',
      undefined,
      path.join(home, 'half'),
      {},
    );
    expect(() => load(path.dirname(made.file), 'half-all', 512)).toThrow();
  },
);

test.runIf(have).each<[DatasetKind, string, number]>([
  ['sft', 'sft', 48],
  ['sft', 'sft', 2048],
  ['qa', 'qa-zh', 150],
  ['qa', 'qa-en', 128],
])('%s rows of %s at a cutoff of %i tokens: kept, shortened and cut as forecast', async (kind, name, cutoff) => {
  const dataset = `${name}-${cutoff}`;
  await publishRows(paths, dataset, kind, rowsOf(kind, name));
  const { findings } = await checkDataset(paths, dataset, { model, cutoff });
  const forecast = findings.summary.forecasts.find(({ engine }) => engine === 'llamafactory');
  const opened = openDataset(paths, dataset);
  const made = await exportDataset(opened, 'llamafactory', undefined, path.join(home, `out-${dataset}`), {});
  const loaded = load(path.dirname(made.file), `${dataset}-all`, cutoff);
  expect(made.rows).toBe(forecast?.exported);
  expect(loaded.tokens.length).toBe(forecast?.kept);

  const target = await targetModel(paths, model);
  const ours: { tokens: number; answers: number; shortened: boolean; cut: boolean }[] = [];
  for (let number = 0; number < opened.manifest.rows; number++) {
    const pairs = tokenPairs(opened.row(number), target);
    const { kept, answerLost } = cutPairs(pairs, cutoff);
    const answers = pairs.reduce((sum, pair) => sum + pair.target, 0) - answerLost;
    const all = pairs.reduce((sum, pair) => sum + pair.source + pair.target, 0);
    ours.push({ tokens: kept, answers, shortened: all > cutoff, cut: answerLost > 0 });
  }
  // Rows that are dropped are those that the findings name.
  const dropped = new Set(
    findings
      .page({ rules: kind === 'sft' ? ['turn-order'] : ['empty-text'] }, 0, 1000)
      .findings.flatMap(({ finding }) => (kind === 'sft' || finding.fix?.kind === 'drop-row' ? [finding.row] : [])),
  );
  const kept = ours.filter((_, number) => !dropped.has(number));
  expect(kept.map(({ tokens }) => tokens)).toEqual(loaded.tokens);
  expect(kept.map(({ answers }) => answers)).toEqual(loaded.answers);
  expect(forecast?.shortened).toBe(kept.filter(({ shortened }) => shortened).length);
  expect(forecast?.answersCut).toBe(kept.filter(({ cut }) => cut).length);
});
