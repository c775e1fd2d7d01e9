import type { CompareStore } from '../../../stores/compare.ts';
import type { ColumnSettings } from '../../../stores/compare-columns.ts';
import { rowsOf } from '../../../stores/datasets.ts';
import { heldOutPart } from '../../datasets/held-out.ts';
import { errorLine } from '../../platform/errors.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';

/** What a tune was trained on. */
export interface TrainedOn {
  /** With its version where that is known (`data@v-…`). */
  readonly dataset: string;
  readonly split: string;
}

/**
 * Serves a tune beside its base (by the server of the base that runs, else by a new one), then opens the comparison of
 * both on one engine, with the questions that its training did not see. Who went elsewhere meanwhile is told instead of
 * taken away; what goes wrong is told too: a server may take minutes to come up. `trained` = where its lineage says it,
 * unless given.
 */
export function deployAndCompare(context: ScreenContext, name: string, trained?: TrainedOn): void {
  void serveThenCompare(context, name, trained).catch((error: unknown) =>
    context.ui.getState().toast(errorLine(error), 'bad'),
  );
}

async function serveThenCompare(context: ScreenContext, name: string, trained: TrainedOn | undefined): Promise<void> {
  const { deploy, ui } = context;
  const from = ui.getState().screen;
  ui.getState().toast(t('deploy.beside.serving', { name }));
  const { base, engine } = await deploy.getState().beside(name);
  const served = { base: `${base}@${engine}`, tuned: `${name}@${engine}` };
  await setUp(context, name, served, trained ?? lineageOf(context, name));
  if (ui.getState().screen === from) ui.getState().showScreen('compare');
  else ui.getState().toast(t('deploy.beside.ready', { name, base }), 'good');
}

/** Columns of a base and its tune that differ in the model alone: the prompt, system text and engine are the tune's. */
export function tuneColumns(
  { deploy, ask }: ScreenContext,
  { base, name }: { readonly base: string; readonly name: string },
): [Partial<ColumnSettings>, Partial<ColumnSettings>] {
  const asked = deploy.getState().asked(name) ?? { base, tuned: name, prompt: 'sft', reads: true };
  // Without a knowledge base, or where the rows had nothing to read, there is nothing to read here.
  const reads = asked.reads && ask.getState().settings.kb !== null;
  const common = { prompt: asked.prompt, context: reads ? 'retrieved' : 'none' } as const;
  return [
    { llm: asked.base, ...common },
    { llm: asked.tuned, ...common },
  ];
}

function lineageOf({ deploy }: ScreenContext, name: string): TrainedOn | undefined {
  const lineage = deploy
    .getState()
    .adapters()
    .find((one) => one.name === name)?.lineage;
  const { dataset, datasetVersion: version, split } = lineage ?? {};
  if (typeof dataset !== 'string' || typeof split !== 'string') return undefined;
  return { dataset: typeof version === 'string' ? `${dataset}@${version}` : dataset, split };
}

/** Two columns that differ in the model alone, and the held-out questions beside them. */
async function setUp(
  context: ScreenContext,
  name: string,
  { base, tuned }: { readonly base: string; readonly tuned: string },
  trained: TrainedOn | undefined,
): Promise<void> {
  const { compare, ask, datasets, deploy, ui } = context;
  const { kb, llm } = ask.getState().settings;
  compare.getState().refresh({ kb, llm });
  await datasets.getState().refresh();
  const [trainedName, trainedVersion] = trained?.dataset.split('@') ?? [];
  const manifest = datasets.getState().list?.find((one) => one.name === trainedName);
  const part = manifest && trained ? heldOutPart(manifest, trained.split, trainedVersion) : null;
  // The prompt it was trained with, and the passage of the row itself: what the training taught is what is asked.
  // Without such a row and without a knowledge base there is nothing to read: it is asked as it is.
  const [first, second] = tuneColumns(context, { base, name });
  const reads = (deploy.getState().asked(name)?.reads ?? true) && part !== null ? { context: 'gold' as const } : {};
  setColumns(compare, { ...first, llm: base, ...reads }, { ...second, llm: tuned, ...reads });
  if (!manifest || part === null) {
    ui.getState().toast(t('deploy.beside.noRows'), 'warn');
    return;
  }
  compare.getState().look({ lower: 'rows' });
  ui.getState().setFocus('rows', 'compare');
  const { name: dataset, version } = manifest;
  void compare.getState().openRows({ dataset, version, part, total: rowsOf(manifest, part) });
}

/** Exactly these columns, each a copy of the one before: they differ in what is said and in nothing else. */
export function setColumns(compare: CompareStore, ...wanted: readonly Partial<ColumnSettings>[]): void {
  const { remove, configure, select, clone } = compare.getState();
  const slots = () => compare.getState().slots;
  for (const { id } of slots().slice(1)) remove(id);
  const [first, ...others] = wanted;
  const [left] = slots();
  if (!left || !first) return;
  configure(left.id, first);
  for (const [at, settings] of others.entries()) {
    const last = slots()[at];
    if (last) select(last.id);
    clone();
    const added = slots()[at + 1];
    if (added) configure(added.id, settings);
  }
}
