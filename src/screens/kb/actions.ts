import { isOver } from '../../jobs/types.ts';
import type { Action } from '../../keys/types.ts';
import { formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { fileName } from '../hits.ts';
import { stopJob } from '../job-actions.ts';
import { chooseEmbedder, embedderChoices } from './embedders.ts';
import type { KbModel } from './model.ts';
import {
  buildable,
  chooseShadow,
  embedderState,
  readyShadows,
  rollBack,
  runningShadow,
  switchToShadow,
} from './shadows.ts';

const hasBase = (model: KbModel): true | string => (model.base() ? true : t('kb.why.noBase'));
const runningIngest = (model: KbModel) => {
  const job = model.ingest();
  return job && !isOver(job.state) ? job : undefined;
};

const isWatching = (model: KbModel) => {
  const job = runningIngest(model);
  return job?.spec.work.kind === 'ingest' && job.spec.work.watch ? job : undefined;
};
const notIngesting = (model: KbModel): true | string => {
  if (isWatching(model)) return t('kb.why.watching');
  return runningIngest(model) ? t('kb.why.ingesting') : true;
};
/** Its documents can be read from where they came from. */
const readable = (model: KbModel): true | string => {
  const base = model.base();
  if (!base) return t('kb.why.noBase');
  return base.sources.length === 0 ? t('kb.why.noSources') : notIngesting(model);
};

/** Actions of the whole screen; `openPath` and `openCreate` show its modals. */
export function kbActions(open: {
  readonly path: () => void;
  readonly create: () => void;
}): readonly Action<KbModel>[] {
  return [
    {
      id: 'kb.create',
      title: 'New',
      help: 'Makes a knowledge base: its name, how documents are cut, which embedder.',
      keys: ['n'],
      rank: 4,
      command: 'ragtui kb create NAME',
      run: open.create,
    },
    {
      id: 'kb.ingest',
      title: 'Add documents',
      help: 'Reads a file or folder into the knowledge base; what is in it already and did not change costs nothing.',
      keys: ['i'],
      rank: 2,
      command: 'ragtui ingest PATH --kb NAME',
      when: (model) => {
        if (!model.base()) return t('kb.why.noBase');
        return notIngesting(model);
      },
      run: open.path,
    },
    {
      id: 'kb.readAgain',
      title: 'Read again',
      help: 'Reads all its folders again: what is new, changed or gone is taken over, the rest costs nothing.',
      keys: ['r'],
      rank: 6,
      command: 'ragtui ingest PATH --kb NAME',
      when: readable,
      run: async (model) => {
        const base = model.base();
        if (base) await model.context.kb.getState().ingest(base.name, base.sources);
      },
    },
    {
      id: 'kb.watch',
      title: 'Watch',
      help: 'Follows its folders: what changes there is taken over at once, until w or x stops it. It goes on when ragtui is closed.',
      keys: ['w'],
      rank: 11,
      command: 'ragtui ingest PATH --kb NAME --watch',
      when: (model) => (isWatching(model) ? true : readable(model)),
      run: async (model) => {
        const base = model.base();
        const watching = isWatching(model);
        if (watching) await model.context.jobs.getState().stop(watching.spec.id);
        else if (base) {
          await model.context.kb.getState().ingest(base.name, base.sources, { watch: true });
          model.context.ui.getState().toast(t('kb.watching', { folders: base.sources.join(', ') }), 'good');
        }
      },
    },
    {
      id: 'kb.cancel',
      title: 'Stop',
      help: 'Stops the ingest, or the index that is built; what is in already stays, the next one goes on from there.',
      keys: ['x'],
      rank: 1,
      command: 'ragtui jobs stop ID',
      when: (model) => (runningIngest(model) || runningShadow(model) ? true : t('kb.why.notIngesting')),
      run: (model) => stopJob(model.context, runningIngest(model) ?? runningShadow(model)),
    },
    {
      id: 'kb.bench',
      title: 'Search',
      help: 'Tries searches without an LLM: which passages come, with which scores.',
      keys: ['s'],
      rank: 3,
      command: 'ragtui search "query" --kb NAME',
      when: hasBase,
      run: (model) => model.show('bench'),
    },
    {
      id: 'kb.ask',
      title: 'Ask',
      help: 'Goes to Ask with this knowledge base.',
      keys: ['a'],
      rank: 5,
      when: hasBase,
      run: ({ context, base }) => {
        context.ask.getState().configure({ kb: base()?.name ?? null });
        context.ui.getState().showScreen('ask');
        context.ui.getState().setFocus('question', 'ask');
      },
    },
    {
      id: 'kb.verify',
      title: 'Verify',
      help: 'Proves that index and database hold the same, and repairs what does not.',
      keys: ['v'],
      rank: 9,
      command: 'ragtui kb verify NAME',
      when: hasBase,
      run: ({ context, base }) => {
        const name = base()?.name;
        if (!name) return;
        context.ui.getState().open({ kind: 'modal', id: 'kb.verify' });
        return context.kb.getState().verify(name);
      },
    },
    {
      id: 'kb.embedder',
      title: 'Embedder',
      help: 'Searches with another embedder from now on, or adds one: its index is built beside the live one first.',
      keys: ['e'],
      rank: 10,
      command: 'ragtui kb switch NAME --embedder ID',
      when: (model) => {
        if (!model.base()) return t('kb.why.noBase');
        return embedderChoices(model).length > 1 ? true : t('kb.why.oneEmbedder');
      },
      run: chooseEmbedder,
    },
    {
      id: 'kb.shadow',
      title: 'Build beside',
      help: 'Builds the index of another embedder, such as a tuned one, beside the live one, which goes on answering.',
      keys: ['b'],
      rank: 12,
      command: 'ragtui kb shadow NAME --embedder ID',
      when: (model) => {
        if (!model.base()) return t('kb.why.noBase');
        if (runningShadow(model)) return t('kb.why.building');
        return buildable(model).length > 0 ? true : t('kb.why.nothingToBuild');
      },
      run: chooseShadow,
    },
    {
      id: 'kb.switch',
      title: 'Switch',
      help: 'Searches with the index that stands ready beside the live one; T goes back.',
      keys: ['t'],
      rank: 7,
      command: 'ragtui kb switch NAME --embedder ID',
      when: (model) => {
        const base = model.base();
        if (!base) return t('kb.why.noBase');
        if (readyShadows(base).length > 0) return true;
        return runningShadow(model) ? t('kb.why.building') : t('kb.why.noShadow');
      },
      run: switchToShadow,
    },
    {
      id: 'kb.rollback',
      title: 'Go back',
      help: 'Searches with the embedder before the last switch again, at once: its vectors are still there.',
      keys: ['T'],
      rank: 13,
      command: 'ragtui kb rollback NAME',
      when: (model) => {
        const base = model.base();
        if (!base) return t('kb.why.noBase');
        if (base.previous === null) return t('kb.why.notSwitched');
        const { state, missing } = embedderState(base, base.previous);
        return state === 'incomplete' ? t('kb.why.previousIncomplete', { count: formatCount(missing) }) : true;
      },
      run: (model) => {
        const base = model.base();
        return base ? rollBack(model, base) : undefined;
      },
    },
    {
      id: 'kb.undo',
      title: 'Undo remove',
      help: 'Brings back the document removed last; it waits in the trash for seven days.',
      keys: ['u'],
      rank: 8,
      when: ({ context }) => (context.kb.getState().removed.length > 0 ? true : t('kb.why.nothingRemoved')),
      run: async ({ context }) => {
        const document = await context.kb.getState().undoRemove();
        if (document) context.ui.getState().toast(t('kb.restored', { name: fileName(document.name) }), 'good');
      },
    },
  ];
}

export const basesActions: readonly Action<KbModel>[] = [
  {
    id: 'kb.open',
    title: 'Documents',
    help: 'Goes to the documents of this knowledge base.',
    keys: ['enter'],
    rank: 1,
    when: hasBase,
    run: ({ context }) => context.ui.getState().setFocus('documents', 'kb'),
  },
  {
    id: 'kb.delete',
    title: 'Delete',
    help: 'Deletes this knowledge base with its index. The files it was made from are not touched.',
    keys: ['d', 'delete'],
    command: 'ragtui kb delete NAME --yes',
    when: hasBase,
    confirm: ({ base }) => {
      const current = base();
      const values = {
        name: current?.name ?? '',
        documents: formatCount(current?.documents ?? 0),
        chunks: formatCount(current?.chunks ?? 0),
      };
      return t('kb.confirmDelete', values);
    },
    run: ({ context, base }) => {
      const name = base()?.name;
      return name ? context.kb.getState().remove(name) : undefined;
    },
  },
];

export const documentsActions: readonly Action<KbModel>[] = [
  {
    id: 'kb.openDocument',
    title: 'Chunks',
    help: 'Shows how this document was cut, each chunk in its text.',
    keys: ['enter'],
    rank: 1,
    when: ({ documents }) => {
      const document = documents.selected();
      if (!document) return t('kb.why.noDocument');
      return document.state === 'failed' ? t('kb.why.failed') : true;
    },
    run: ({ openDocument }) => openDocument(),
  },
  {
    id: 'kb.preview',
    title: 'Try cutting',
    help: 'Shows what another splitter or size would make of this document, before anything is indexed.',
    keys: ['p'],
    rank: 6,
    when: ({ documents }) => {
      const document = documents.selected();
      if (!document) return t('kb.why.noDocument');
      return document.state === 'failed' ? t('kb.why.failed') : true;
    },
    run: ({ openPreview, context }) => {
      context.kb.getState().closeDocument();
      return openPreview();
    },
  },
  {
    id: 'kb.failedOnly',
    title: 'Failed only',
    help: 'Shows only the documents that could not be read, each with its reason, or all again.',
    keys: ['f'],
    rank: 7,
    when: hasBase,
    run: ({ context }) =>
      context.kb.getState().loadDocuments({ failedOnly: !context.kb.getState().documents?.failedOnly }),
  },
  {
    id: 'kb.removeDocument',
    title: 'Remove',
    help: 'Takes this document out of the knowledge base; u brings it back. Its file is not touched.',
    keys: ['d', 'delete'],
    rank: 8,
    command: 'ragtui kb remove NAME DOC',
    when: ({ documents }) => (documents.selected() ? true : t('kb.why.noDocument')),
    run: async ({ context, documents }) => {
      const document = documents.selected();
      if (!document) return;
      await context.kb.getState().removeDocument(document);
      context.ui.getState().toast(t('kb.removed', { name: fileName(document.name) }));
    },
  },
];

export const benchActions: readonly Action<KbModel>[] = [
  {
    id: 'kb.search',
    title: 'Search',
    help: 'Searches with the settings in the row above.',
    keys: ['enter'],
    rank: 1,
    inText: true,
    when: ({ query }) => (query.text().trim() ? true : t('kb.why.noQuery')),
    run: ({ context, query }) => context.kb.getState().search(query.text()),
  },
  {
    id: 'kb.mode',
    title: 'Mode',
    help: 'Hybrid, by meaning only, or by words only.',
    keys: ['ctrl+t'],
    rank: 2,
    inText: true,
    run: ({ context, query }) => {
      const { bench, configureBench, search } = context.kb.getState();
      const modes = ['hybrid', 'vector', 'bm25'] as const;
      const mode = modes[(modes.indexOf(bench.mode) + 1) % modes.length] ?? 'hybrid';
      configureBench({ mode });
      return query.text().trim() ? search() : undefined;
    },
  },
  {
    id: 'kb.topK',
    title: 'Top-k',
    help: 'How many passages come: 3, 5, 10, 20, 50.',
    keys: ['ctrl+n'],
    rank: 3,
    inText: true,
    run: ({ context, query }) => {
      const { bench, configureBench, search } = context.kb.getState();
      const sizes = [3, 5, 10, 20, 50];
      configureBench({ topK: sizes[(sizes.indexOf(bench.topK) + 1) % sizes.length] ?? 5 });
      return query.text().trim() ? search() : undefined;
    },
  },
  {
    id: 'kb.instruction',
    title: 'Instruction',
    help: 'Puts the embedder’s query instruction before the query, or not.',
    keys: ['ctrl+o'],
    rank: 4,
    inText: true,
    run: ({ context, query }) => {
      const { bench, configureBench, search } = context.kb.getState();
      configureBench({ instruction: !bench.instruction });
      return query.text().trim() ? search() : undefined;
    },
  },
];

export const specActions: readonly Action<KbModel>[] = [
  {
    id: 'kb.useGroup',
    title: 'Index like this',
    help: 'Adds this way of cutting to the knowledge base and reads its documents again with it.',
    keys: ['enter'],
    rank: 1,
    inText: true,
    when: (model) => {
      const { group } = model.preview.getState();
      const base = model.base();
      if (!group || !base) return t('kb.why.noGroup');
      if (base.groups.some(({ name }) => name === group.name)) return t('kb.why.groupExists', { name: group.name });
      if (base.sources.length === 0) return t('kb.why.noSources');
      return notIngesting(model);
    },
    confirm: (model) => {
      const { group } = model.preview.getState();
      return t('kb.confirmGroup', { group: group?.name ?? '', documents: formatCount(model.base()?.documents ?? 0) });
    },
    run: async (model) => {
      const { group } = model.preview.getState();
      const base = model.base();
      if (!group || !base) return;
      await model.context.kb.getState().ingest(base.name, base.sources, { groups: [...base.groups, group] });
      model.show('documents');
    },
  },
];
