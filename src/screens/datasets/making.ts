import { madeSchema } from '../../datasets/making/types.ts';
import type { DatasetTaskResult } from '../../datasets/task.ts';
import type { DatasetManifest } from '../../datasets/types.ts';
import type { JobId, JobView } from '../../jobs/types.ts';
import { isOver } from '../../jobs/types.ts';
import { type RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import { type MakingForm, type MakingKind, missingOf, usualForm, wishOf } from './making-wish.ts';
import { runWhenFree } from './when-free.ts';

export const MAKING_MODAL = 'datasets.making';

type Prepared = Extract<DatasetTaskResult, { op: 'prepare' }>;
type Rendered = Extract<DatasetTaskResult, { op: 'render' }>;

/** Data that is about to be made: the form, and what it would do. */
export interface Making {
  readonly context: ScreenContext;
  readonly form: () => MakingForm | null;
  /** Null while it is looked at, or when it cannot be made. */
  readonly prepared: () => Prepared | null;
  /** Of training rows: the first one as a model reads it. */
  readonly rendered: () => Rendered | null;
  readonly problem: () => RagtuiError | null;
  readonly begin: (what: MakingKind, dataset: DatasetManifest) => void;
  readonly change: (change: Partial<MakingForm>) => void;
  readonly end: () => void;
  /** `true`, or why it cannot start yet. */
  readonly canStart: () => true | string;
  readonly start: () => Promise<void>;
}

export function createMaking(context: ScreenContext): Making {
  const { datasets, jobs, models, evaluation, kb, ui } = context;
  const started = new Set<JobId>();
  let form: MakingForm | null = null;
  let prepared: Prepared | null = null;
  let rendered: Rendered | null = null;
  let problem: RagtuiError | null = null;
  let turn = 0;
  // What lies outside every store: the screen is told by one that changes.
  const changed = (): void => datasets.setState({});

  /** Looks at what the form would do; a later change makes an earlier look void. */
  const look = async (): Promise<void> => {
    const mine = ++turn;
    prepared = null;
    rendered = null;
    problem = null;
    const wish = form ? wishOf(form) : null;
    changed();
    if (!wish || !form) return;
    const { state, result, error } = await runWhenFree(context, { op: 'prepare', wish });
    if (mine !== turn) return;
    if (result?.op === 'prepare') prepared = result;
    problem = error ?? (state === 'cancelled' ? toRagtuiError(new Error(t('datasets.cancelled'))) : null);
    changed();
    if (!prepared || form?.what !== 'sft') return;
    const { dataset, prompt, markers, llm } = form;
    const shown = await runWhenFree(context, {
      ...{ op: 'render', dataset: dataset.name, row: datasets.getState().open?.number ?? 0, model: llm, prompt },
      ...{ template: { name: 'sft', text: null }, markers: markers || null, schema: null },
    });
    if (mine !== turn) return;
    if (shown.result?.op === 'render') rendered = shown.result;
    changed();
  };

  const finish = async ({ spec, state, error }: JobView): Promise<void> => {
    if (!started.delete(spec.id)) return;
    if (state !== 'succeeded') {
      if (error) ui.getState().toast(`${error.message} ${error.hint}`.trim(), 'bad');
      return;
    }
    const made = madeSchema.safeParse(jobs.getState().artifacts[spec.id]?.['dataset']).data;
    await datasets.getState().refresh();
    const name = made?.dataset ?? (spec.work.kind === 'make-data' ? spec.work.making.as : null);
    if (name !== null && name !== datasets.getState().selected) datasets.getState().select(name);
    if (!made) return;
    const counts = Object.entries(made.counts).map(([what, count]) => `${what} ${formatCount(count)}`);
    const cost = made.cost ? [`${made.cost.amount.toFixed(4)} ${made.cost.currency}`] : [];
    const head = t(made.added ? 'datasets.make.done' : 'datasets.make.same', { name: made.dataset, rows: made.rows });
    ui.getState().toast([head, ...counts, ...cost, ...made.notes].join(' · '), made.notes.length > 0 ? 'warn' : 'good');
  };
  jobs.getState().onEnd((job) => void finish(job));

  /** An embedder of the language of the row that is shown, else any. */
  const usualEmbedder = (): string | null => {
    const language = /\p{Script=Han}/u.test(JSON.stringify(datasets.getState().open?.row ?? '')) ? 'zh' : 'en';
    const found = evaluation.getState().models.filter(({ kind }) => kind === 'embedder');
    const speaks = (id: string): boolean =>
      (models.getState().list ?? []).some(({ entry }) => entry.id === id && entry.languages.includes(language));
    return (found.find(({ id }) => speaks(id)) ?? found[0])?.id ?? null;
  };

  const canStart = (): true | string => {
    if (!form) return t('datasets.why.none');
    const missing = missingOf(form);
    if (missing) return t(`datasets.make.why.${missing}`);
    if (problem) return `${problem.message} ${problem.hint}`.trim();
    if (!prepared) return t('datasets.why.looking');
    const here = models.getState().list ?? [];
    const absent = prepared.models.find((id) =>
      here.some(({ entry, state }) => entry.id === id && state !== 'present'),
    );
    return absent === undefined ? true : t('datasets.make.why.model', { id: absent });
  };

  return {
    context,
    form: () => form,
    prepared: () => prepared,
    rendered: () => rendered,
    problem: () => problem,
    begin: (what, dataset) => {
      evaluation.getState().refresh();
      const { rows } = datasets.getState();
      const usual = usualForm(what, dataset, rows?.dataset === dataset.name ? rows.part : 'all');
      const choices = evaluation.getState().models;
      const llms = choices.filter(({ kind }) => kind === 'llm');
      form = {
        ...usual,
        embedder: usualEmbedder(),
        llm: llms.length === 1 || what === 'sft' ? (llms.find(({ base }) => base === null)?.id ?? null) : null,
        kb: what === 'synthesize' ? (kb.getState().list?.[0]?.name ?? null) : null,
      };
      ui.getState().open({ kind: 'modal', id: MAKING_MODAL });
      void look();
    },
    change: (change) => {
      if (!form) return;
      form = { ...form, ...change };
      void look();
    },
    end: () => {
      turn++;
      form = null;
    },
    canStart,
    start: async () => {
      if (!prepared || canStart() !== true) return;
      const { making } = prepared;
      ui.getState().close();
      form = null;
      turn++;
      const id = await jobs.getState().launch(`${making.what} ${making.as}`, { kind: 'make-data', making });
      started.add(id);
      ui.getState().toast(t('datasets.make.started', { name: making.as }), 'good');
    },
  };
}

/** The jobs that make data just now. */
export const runningMakings = ({ jobs }: ScreenContext): readonly JobView[] =>
  (jobs.getState().list ?? []).filter(({ spec, state }) => spec.work.kind === 'make-data' && !isOver(state));
