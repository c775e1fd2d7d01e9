import path from 'node:path';
import { partsOf } from '../../../stores/datasets.ts';
import { exportersOf } from '../../datasets/exporters/registry.ts';
import type { Prepared } from '../../datasets/preparing/types.ts';
import type { DatasetTask } from '../../datasets/task.ts';
import type { DatasetManifest } from '../../datasets/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { sanitize } from '../../platform/sanitize.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import type { DatasetsModel } from './model.ts';
import { run, runToEnd } from './run.ts';

const USUAL_SPLIT = 'test=0.1 dev=0 seed=1314';

/** Asks how to cut a dataset; the first choice needs no further answer. */
export function askSplit(context: ScreenContext, { name, kind }: DatasetManifest): void {
  const { ui } = context;
  const noContexts = kind === 'qa' ? {} : { disabled: t('datasets.why.noQa') };
  ui.getState().choose({
    title: t('datasets.chooseSplit', { name }),
    choices: [
      { id: 'ready', title: t('datasets.split.ready'), note: t('datasets.split.context.note'), ...noContexts },
      { id: 'random-ready', title: t('datasets.split.random'), note: t('datasets.split.random.note') },
      { id: 'context', title: t('datasets.split.context'), note: t('datasets.split.own'), ...noContexts },
      { id: 'near', title: t('datasets.split.near'), note: t('datasets.split.near.note'), ...noContexts },
      { id: 'random', title: t('datasets.split.randomOwn'), note: t('datasets.split.own') },
      { id: 'tutorial', title: t('datasets.split.tutorial'), note: t('datasets.split.tutorial.note'), ...noContexts },
    ],
    selected: kind === 'qa' ? 'ready' : 'random-ready',
    pick: (choice) => {
      if (choice === 'ready') return run(context, splitTask(name, 'context', USUAL_SPLIT));
      if (choice === 'random-ready') return run(context, splitTask(name, 'random', USUAL_SPLIT));
      const method = choice === 'tutorial' || choice === 'random' ? choice : 'context';
      ui.getState().prompt({
        title: t('datasets.splitSizes'),
        text: t(method === 'tutorial' ? 'datasets.splitSizes.tutorial' : 'datasets.splitSizes.context'),
        initial: method === 'tutorial' ? 'seed=1314' : USUAL_SPLIT,
        submit: (text) =>
          run(context, {
            ...splitTask(name, method, text),
            ...(choice === 'near' ? { group: 'near', name: 'near' } : {}),
          }),
      });
    },
  });
}

type SplitWish = Extract<DatasetTask, { op: 'split' }>;

/** `test=0.1 dev=0 seed=1314` as a task. Throws `usage`. */
export function splitTask(dataset: string, method: 'context' | 'random' | 'tutorial', text: string): SplitWish {
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

/** An export that needs no further answer: every part of the newest split, each in a file of its own. */
const READY = {
  'ready:llamafactory': { to: 'llamafactory', options: {} },
  'ready:flagembedding': { to: 'flagembedding', options: { negatives: 10, seed: 42 } },
} as const;

/** Asks for the format; the first choices write every part at once, the others ask for part and folder. */
export function askExport(model: DatasetsModel, manifest: DatasetManifest): void {
  const { context } = model;
  const { ui, workspace } = context;
  const parts = readyParts(manifest);
  const said = parts.length > 1 ? parts.join(' + ') : t('datasets.allRows');
  const formats = exportersOf(manifest.kind);
  const takes = (id: string): boolean => formats.some((one) => one.id === id);
  ui.getState().choose({
    title: t('datasets.chooseEngine'),
    choices: [
      { id: 'ready', title: t('datasets.ready.all'), note: t('datasets.ready.all.note') },
      {
        id: 'ready:llamafactory',
        title: t('datasets.ready.sft'),
        note: said,
        ...(takes('llamafactory') ? {} : { disabled: t('datasets.why.noSft') }),
      },
      {
        id: 'ready:flagembedding',
        title: t(manifest.kind === 'retrieval' ? 'datasets.ready.retrieval' : 'datasets.ready.negatives'),
        note: said,
        ...(takes('flagembedding') ? {} : { disabled: t('datasets.why.noPassages') }),
      },
      ...formats.map(({ id, title, description }) => ({ id, title: `${title}…`, note: description })),
    ],
    pick: (id) => {
      if (id === 'ready') return void prepare(model, manifest);
      if (id === 'ready:llamafactory' || id === 'ready:flagembedding') {
        const { to, options } = READY[id];
        const folder = `${workspace.getState().home}/exports/${manifest.slug}-${to}`;
        return void exportParts(
          model,
          manifest,
          parts.map((part) => ({ part, to, out: folder, ...options })),
        );
      }
      choosePart(context, manifest, (part) =>
        ui.getState().prompt({
          title: t('datasets.exportFolder'),
          initial: `${workspace.getState().home}/exports/${manifest.slug}-${part.replaceAll('/', '-')}-${id}`,
          submit: (out) => void exportParts(model, manifest, [{ part, to: id, out: out.trim() }]),
        }),
      );
    },
  });
}

/** The parts of the split that was made last, else all rows. */
function readyParts(manifest: DatasetManifest): readonly string[] {
  const split = manifest.splits.at(-1);
  return split ? split.parts.map(({ name }) => `${split.name}/${name}`).sort((a, b) => b.localeCompare(a)) : ['all'];
}

/** Check, fixes, a split without leaks, negatives and files for every engine that this kind of rows is for. */
async function prepare(model: DatasetsModel, { name, slug }: DatasetManifest): Promise<void> {
  const { workspace, ui } = model.context;
  const out = `${workspace.getState().home}/exports/${slug}-prepared`;
  const result = await runToEnd(model.context, { op: 'prepare-training', dataset: name, out });
  if (result?.op !== 'prepare-training') return;
  model.report.set(sanitize([...preparedLines(result.prepared), '', t('datasets.next.train')].join('\n')));
  ui.getState().open({ kind: 'modal', id: 'datasets.report' });
}

/** What was done to the rows, and where they are. Pure. */
function preparedLines({ fixed, split, leaksBefore, leaksDropped, leaks, left, files }: Prepared): string[] {
  const leaked = (counts: Prepared['leaks']): number => counts.reduce((sum, { dirty }) => sum + dirty, 0);
  return [
    ...(fixed ? [t('datasets.fixed', { changed: fixed.changed, dropped: fixed.dropped })] : []),
    `${split.name}: ${split.parts.map((part) => `${part.name} ${part.rows}`).join(' · ')}`,
    t('datasets.prepared.leaks', { before: leaked(leaksBefore), dropped: leaksDropped, after: leaked(leaks) }),
    t('datasets.checked', { errors: left.error, warnings: left.warning }),
    '',
    ...(files[0] ? [path.dirname(files[0].file)] : []),
    ...files.flatMap(({ target, part, rows, omitted, file }) => [
      `${t(`datasets.for.${target}`)} · ${part}: ${t('datasets.rowCount', { count: rows })}${omitted > 0 ? ` (${t('datasets.omitted', { count: omitted })})` : ''}`,
      `  ${path.basename(file)}`,
    ]),
  ];
}

type ExportWish = Omit<Extract<DatasetTask, { op: 'export' }>, 'op' | 'dataset'>;

/** Writes one part after the other, then says where everything is and what comes next. */
async function exportParts(
  model: DatasetsModel,
  { name, kind }: DatasetManifest,
  wishes: readonly ExportWish[],
): Promise<void> {
  const { context } = model;
  const said: string[] = [];
  const notes = new Set<string>();
  for (const wish of wishes) {
    const result = await runToEnd(context, { op: 'export', dataset: name, ...wish });
    if (result?.op !== 'export') return;
    const omitted = result.omitted > 0 ? ` (${t('datasets.omitted', { count: result.omitted })})` : '';
    const part = wish.part === 'all' ? t('datasets.allRows') : wish.part;
    said.push(
      `${part}: ${t('datasets.rowCount', { count: result.rows })}${omitted}`,
      ...result.files.map((file) => `  ${file}`),
      '',
    );
    for (const note of result.notes) notes.add(note);
  }
  const next =
    kind === 'retrieval'
      ? 'datasets.next.embedder'
      : kind === 'qa' || kind === 'sft'
        ? 'datasets.next.train'
        : 'datasets.next.files';
  model.report.set(sanitize([...said, ...notes, ...(notes.size > 0 ? [''] : []), t(next)].join('\n')));
  context.ui.getState().open({ kind: 'modal', id: 'datasets.report' });
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
