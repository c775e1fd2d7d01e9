import { partsOf } from '../../../stores/datasets.ts';
import { importFormats } from '../../datasets/importers/registry.ts';
import type { DatasetTask } from '../../datasets/task.ts';
import type { DatasetManifest } from '../../datasets/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import { fileName } from '../hits.ts';

/** Asks for format and name of a file, then imports it. */
export function askImport(context: ScreenContext, file: string): void {
  const { ui } = context;
  const choices = [
    { id: 'auto', title: t('datasets.format.auto'), note: t('datasets.format.auto.note') },
    ...importFormats().map((format) => ({ id: format, title: format, note: t(`datasets.format.${known(format)}`) })),
    { id: 'alpaca:qa', title: 'alpaca → qa', note: t('datasets.format.alpacaQa') },
  ];
  ui.getState().choose({
    title: t('datasets.chooseFormat', { file: fileName(file) }),
    choices,
    selected: 'auto',
    pick: (id) => {
      const [format = '', kind] = id.split(':');
      ui.getState().prompt({
        title: t('datasets.importName'),
        initial: fileName(file).replace(/\.[^.]+$/, ''),
        submit: (name) =>
          run(context, {
            op: 'import',
            file,
            ...(format === 'auto' ? {} : { format }),
            ...(kind === 'qa' ? { kind: 'qa' } : {}),
            ...(name.trim() === '' ? {} : { name: name.trim() }),
          }),
      });
    },
  });
}

const FORMATS = [
  'ragtui',
  'squad',
  'cmrc',
  'preference',
  'openai',
  'sharegpt',
  'retrieval',
  'financial-qa',
  'alpaca',
] as const;
const known = (format: string): (typeof FORMATS)[number] => FORMATS.find((one) => one === format) ?? 'alpaca';

/** Asks how to cut a dataset, with which seed and sizes. */
export function askSplit(context: ScreenContext, { name }: DatasetManifest): void {
  const { ui } = context;
  ui.getState().choose({
    title: t('datasets.chooseSplit', { name }),
    choices: [
      { id: 'context', title: t('datasets.split.context'), note: t('datasets.split.context.note') },
      { id: 'tutorial', title: t('datasets.split.tutorial'), note: t('datasets.split.tutorial.note') },
    ],
    pick: (method) =>
      ui.getState().prompt({
        title: t('datasets.splitSizes'),
        text: t(method === 'context' ? 'datasets.splitSizes.context' : 'datasets.splitSizes.tutorial'),
        initial: method === 'context' ? 'test=0.1 dev=0 seed=1314' : 'seed=1314',
        submit: (text) => run(context, splitTask(name, method === 'tutorial' ? 'tutorial' : 'context', text)),
      }),
  });
}

/** `test=0.1 dev=0 seed=1314` as a task. Throws `usage`. */
export function splitTask(dataset: string, method: 'context' | 'tutorial', text: string): DatasetTask {
  const values: Partial<Record<'test' | 'dev' | 'seed', number>> = {};
  for (const part of text.split(/[\s,]+/).filter(Boolean)) {
    const [, key, number] = /^(test|dev|seed)=(\d+(?:\.\d+)?|\.\d+)$/.exec(part) ?? [];
    if (key !== 'test' && key !== 'dev' && key !== 'seed')
      throw new RagtuiError('usage', t('datasets.badSize', { text: part }), t('datasets.badSize.hint'));
    values[key] = Number(number);
  }
  const { test, dev, seed = 1314 } = values;
  if (!Number.isInteger(seed)) throw new RagtuiError('usage', t('datasets.badSize', { text: `seed=${seed}` }));
  return { op: 'split', dataset, method, seed, ...(test ? { test } : {}), ...(dev ? { dev } : {}) };
}

/** Asks for engine, part and folder, then writes the files. */
export function askExport(context: ScreenContext, manifest: DatasetManifest): void {
  const { ui, workspace } = context;
  ui.getState().choose({
    title: t('datasets.chooseEngine'),
    choices: [
      {
        id: 'llamafactory',
        title: 'LLaMA-Factory',
        note: t('datasets.export.llamafactory'),
        ...(manifest.kind === 'retrieval' ? { disabled: t('datasets.why.noSft') } : {}),
      },
      {
        id: 'flagembedding',
        title: 'FlagEmbedding',
        note: t('datasets.export.flagembedding'),
        ...(manifest.kind === 'sft' ? { disabled: t('datasets.why.noPassages') } : {}),
      },
    ],
    pick: (engine) => {
      const to = engine === 'flagembedding' ? 'flagembedding' : 'llamafactory';
      choosePart(context, manifest, (part) =>
        ui.getState().prompt({
          title: t('datasets.exportFolder'),
          initial: `${workspace.getState().home}/exports/${manifest.slug}-${part.replaceAll('/', '-')}-${to}`,
          submit: (out) => run(context, { op: 'export', dataset: manifest.name, part, to, out: out.trim() }),
        }),
      );
    },
  });
}

/** Makes a knowledge base of a part's contexts: what embedders and retrieval are measured on. */
export function askBase(context: ScreenContext, manifest: DatasetManifest): void {
  const { ui, models } = context;
  const embedders = (models.getState().list ?? []).filter(
    ({ entry, state }) => entry.kind === 'embedder' && state === 'present',
  );
  choosePart(context, manifest, (part) =>
    ui.getState().choose({
      title: t('datasets.baseEmbedder'),
      choices: embedders.map(({ entry }) => ({ id: entry.id, title: entry.title })),
      pick: (embedder) =>
        ui.getState().prompt({
          title: t('datasets.baseName'),
          initial: `${manifest.slug}-${part.replaceAll('/', '-')}`,
          submit: (name) => makeBase(context, manifest.name, part, name.trim(), embedder),
        }),
    }),
  );
}

async function makeBase(
  context: ScreenContext,
  dataset: string,
  part: string,
  name: string,
  embedder: string,
): Promise<void> {
  const { datasets, kb, ui } = context;
  const done = await datasets.getState().run({ op: 'contexts', dataset, part });
  if (done.error) throw done.error;
  if (done.result?.op !== 'contexts') return;
  await kb.getState().create(name, [{ name: 'line', splitter: 'line' }], [embedder]);
  await kb.getState().ingest(name, [done.result.file]);
  ui.getState().toast(t('datasets.baseStarted', { name, count: done.result.documents }), 'good');
}

export function choosePart(context: ScreenContext, manifest: DatasetManifest, pick: (part: string) => void): void {
  const shared = new Map<string, { readonly rows: number }>(
    manifest.splits.flatMap((split) => split.parts.map((part) => [`${split.name}/${part.name}`, part] as const)),
  );
  context.ui.getState().choose({
    title: t('datasets.choosePart', { name: manifest.name }),
    choices: partsOf(manifest).map((id) => ({
      id,
      title: id === 'all' ? t('datasets.allRows') : id,
      note: t('datasets.rowCount', { count: shared.get(id)?.rows ?? manifest.rows }),
    })),
    selected: context.datasets.getState().rows?.part ?? 'all',
    pick,
  });
}

/** Starts a task; how it ended is told in a toast, so that it is seen on every screen. */
export function run(context: ScreenContext, task: DatasetTask): void {
  const { datasets, ui } = context;
  void datasets
    .getState()
    .run(task)
    .then(({ state, result, error }) => {
      const { toast } = ui.getState();
      if (state === 'cancelled') toast(t('datasets.cancelled'), 'warn');
      if (error) toast(`${error.message} ${error.hint}`.trim(), 'bad');
      if (result?.op === 'import') {
        const { dataset, rows, added, skipped } = result;
        if (!added) toast(t('datasets.same', { dataset }));
        else toast(t(skipped > 0 ? 'datasets.importedSome' : 'datasets.imported', { dataset, rows, skipped }), 'good');
      }
      if (result?.op === 'split')
        toast(t('datasets.splitDone', { dataset: result.dataset, name: result.split.name }), 'good');
      if (result?.op === 'export') toast(t('datasets.exported', { rows: result.rows, file: result.file }), 'good');
    });
}
