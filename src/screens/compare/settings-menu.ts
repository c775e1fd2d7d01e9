import {
  COLUMN_FIELDS,
  type ColumnField,
  type ColumnSettings,
  type ColumnSlot,
} from '../../../stores/compare-columns.ts';
import type { Choice } from '../../../stores/ui.ts';
import type { SearchMode } from '../../kb/types.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';

const MODES: readonly SearchMode[] = ['hybrid', 'vector', 'bm25'];
const TOP_K: readonly number[] = [1, 2, 3, 5, 8, 10, 20];
const CONTEXTS = ['retrieved', 'gold', 'none'] as const;
const MAX_TOKENS: readonly number[] = [32, 64, 128, 256, 512, 1024];
const FIELDS = [...COLUMN_FIELDS, 'maxTokens'] as const;
type Field = ColumnField | 'maxTokens';
/** Stands for "what the knowledge base says"; no model or group is called so. */
const USUAL = '';

/** What a column has set, in the words of its header. */
export function fieldText(settings: ColumnSettings, field: Field): string {
  switch (field) {
    case 'llm':
      return settings.llm === 'none' ? t('compare.noLlm') : settings.llm;
    case 'embedder':
    case 'group':
      return settings[field] ?? t('compare.usual');
    case 'reranker':
      return settings.reranker ?? t('compare.off');
    case 'mode':
      return t(`kb.mode.${settings.mode}`);
    case 'topK':
      return String(settings.topK);
    case 'context':
      return t(`compare.context.${settings.context}`);
    case 'prompt':
      return settings.prompt;
    case 'maxTokens':
      return String(settings.sampling.maxTokens);
  }
}

/** Opens a chooser of the column's settings, then one of the values of the setting chosen. */
export function chooseSetting(context: ScreenContext, slot: ColumnSlot): void {
  context.ui.getState().choose({
    title: t('compare.settings'),
    choices: FIELDS.map((id) => ({ id, title: t(`compare.field.${id}`), note: fieldText(slot.settings, id) })),
    pick: (id) => {
      const field = FIELDS.find((each) => each === id);
      if (field) chooseValue(context, slot, field);
    },
  });
}

function chooseValue(context: ScreenContext, slot: ColumnSlot, field: Field): void {
  context.ui.getState().choose({
    title: t(`compare.field.${field}`),
    choices: valuesOf(context, slot.settings, field),
    selected: idOf(slot.settings, field),
    pick: (id) => {
      if (field === 'context' && id === 'gold' && !context.compare.getState().passage) askPassage(context, slot);
      else context.compare.getState().configure(slot.id, changeOf(slot.settings, field, id));
    },
  });
}

/** The gold passage is one text for all columns that read it. */
function askPassage(context: ScreenContext, slot: ColumnSlot): void {
  context.ui.getState().prompt({
    title: t('compare.passageTitle'),
    text: t('compare.passageText'),
    submit: (text) => {
      if (!text.trim()) return;
      context.compare.getState().setPassage(text.trim());
      context.compare.getState().configure(slot.id, { context: 'gold' });
    },
  });
}

export function chooseKb({ ui, kb, compare }: ScreenContext): void {
  ui.getState().choose({
    title: t('compare.kb'),
    choices: (kb.getState().list ?? []).map(({ name, documents }) => ({
      id: name,
      title: name,
      note: t('kb.documentCount', { count: documents }),
    })),
    selected: compare.getState().kb ?? '',
    pick: (name) => compare.getState().setKb(name),
  });
}

function valuesOf(context: ScreenContext, settings: ColumnSettings, field: Field): readonly Choice[] {
  const plain = (ids: readonly string[]): Choice[] => ids.map((id) => ({ id, title: id }));
  const usual: Choice = { id: USUAL, title: t('compare.usual') };
  const { kb, models, served } = context.compare.getState();
  const base = context.kb.getState().list?.find(({ name }) => name === kb);
  switch (field) {
    case 'llm': {
      const llms = models.filter(({ kind }) => kind === 'llm');
      const none = settings.context === 'retrieved' ? {} : { disabled: t('compare.why.nothingLeft') };
      return [
        ...llms.map((model): Choice => {
          const note = model.base === null ? {} : { note: t('compare.adapterOf', { base: model.base }) };
          return { id: model.id, title: model.id, ...note };
        }),
        ...plain(served),
        { id: 'none', title: t('compare.noLlm'), ...none },
      ];
    }
    case 'embedder':
      return [usual, ...plain(base?.embedders ?? [])];
    case 'group':
      return [usual, ...plain((base?.groups ?? []).map(({ name }) => name))];
    case 'mode':
      return MODES.map((id) => ({ id, title: t(`kb.mode.${id}`), note: t(`kb.mode.${id}.note`) }));
    case 'topK':
      return plain(TOP_K.map(String));
    case 'maxTokens':
      return plain(MAX_TOKENS.map(String));
    case 'context': {
      const without = settings.llm === 'none' ? { disabled: t('compare.why.nothingLeft') } : {};
      return CONTEXTS.map((id) => ({
        id,
        title: t(`compare.context.${id}`),
        ...(id === 'retrieved' ? {} : without),
      }));
    }
    case 'prompt':
      return plain(['default', 'tutorial', 'sft', ...Object.keys(context.settings.getState().settings.prompts)]);
    case 'reranker': {
      const here = (context.models.getState().list ?? []).filter(
        ({ entry, state }) => entry.kind === 'reranker' && state === 'present',
      );
      return [{ id: USUAL, title: t('compare.off') }, ...plain(here.map(({ entry }) => entry.id))];
    }
  }
}

const idOf = (settings: ColumnSettings, field: Field): string =>
  field === 'maxTokens' ? String(settings.sampling.maxTokens) : String(settings[field] ?? USUAL);

function changeOf(settings: ColumnSettings, field: Field, id: string): Partial<ColumnSettings> {
  switch (field) {
    case 'llm':
    case 'prompt':
      return { [field]: id };
    case 'embedder':
    case 'group':
    case 'reranker':
      return { [field]: id === USUAL ? undefined : id };
    case 'mode':
      return { mode: MODES.find((mode) => mode === id) ?? settings.mode };
    case 'context':
      return { context: CONTEXTS.find((each) => each === id) ?? settings.context };
    case 'topK':
      return { topK: Number(id) };
    case 'maxTokens':
      return { sampling: { ...settings.sampling, maxTokens: Number(id) } };
  }
}
