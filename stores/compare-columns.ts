import { isDeepStrictEqual } from 'node:util';
import { shortNames } from '../src/rag/comparisons/matrix.ts';
import { type Column, columnSchema, NO_KB } from '../src/rag/types.ts';

export type ColumnSettings = Omit<Column, 'name'>;

/** A column as the screen keeps it: its settings, and a name only if somebody gave it one. */
export interface ColumnSlot {
  readonly id: number;
  /** '' = named by what differs. */
  readonly named: string;
  readonly settings: ColumnSettings;
}

/** What may differ between columns, in the order of header and chooser. */
export const COLUMN_FIELDS = [
  'llm',
  'embedder',
  'group',
  'mode',
  'topK',
  'reranker',
  'instruction',
  'context',
  'prompt',
  'temperature',
  'seed',
  'maxTokens',
] as const;
export type ColumnField = (typeof COLUMN_FIELDS)[number];

/** What decides what a column finds: columns that agree in all of these share one search. */
export const SEARCH_FIELDS = ['embedder', 'group', 'mode', 'topK', 'reranker', 'instruction'] as const;

const LONGEST_NAME = 40;
/** Short values first: a narrow title shows the beginning of a name. */
const NAME_FIELDS: readonly ColumnField[] = [
  'mode',
  'topK',
  'context',
  'prompt',
  'temperature',
  'llm',
  'embedder',
  'group',
  'reranker',
  'instruction',
  'seed',
  'maxTokens',
];
/** What a column is called when nothing differs. */
const LONE_FIELDS: readonly ColumnField[] = ['llm'];
const { name: _, ...DEFAULTS } = columnSchema.parse({ name: 'x' });
/** A column as it is when nobody chose anything. */
export const DEFAULT_SETTINGS: ColumnSettings = DEFAULTS;

/** One setting of a column, wherever it is kept. Pure. */
export function settingOf(settings: ColumnSettings, field: ColumnField): string | number | boolean | undefined {
  if (field === 'temperature' || field === 'seed' || field === 'maxTokens') return settings.sampling[field];
  return settings[field];
}

/** The fields in which two columns differ. Pure. */
export function differingFields(a: ColumnSettings, b: ColumnSettings): readonly ColumnField[] {
  return COLUMN_FIELDS.filter((field) => settingOf(a, field) !== settingOf(b, field));
}

/** The fields in which not all columns are alike. Pure. */
export function varyingFields(slots: readonly ColumnSlot[]): readonly ColumnField[] {
  const first = slots[0]?.settings;
  if (!first) return [];
  return COLUMN_FIELDS.filter((field) =>
    slots.some(({ settings }) => settingOf(settings, field) !== settingOf(first, field)),
  );
}

/** Places (from 1) of the columns that make the very same search, group by group; those that do not search are in none. Pure. */
export function searchGroups(slots: readonly ColumnSlot[]): readonly (readonly number[])[] {
  const groups = new Map<string, number[]>();
  slots.forEach(({ settings }, at) => {
    if (settings.context !== 'retrieved') return;
    const key = JSON.stringify(SEARCH_FIELDS.map((field) => settings[field] ?? null));
    groups.set(key, [...(groups.get(key) ?? []), at + 1]);
  });
  return [...groups.values()];
}

/** Whether two columns would be asked alike. Pure. */
export function sameSettings(a: ColumnSettings, b: ColumnSettings): boolean {
  return isDeepStrictEqual({ ...a, name: '' }, { ...b, name: '' });
}

/** The columns with their names: a name of the person's own, else the values in which the columns differ. Pure. */
export function columnsOf(slots: readonly ColumnSlot[]): Column[] {
  const varying = new Set(varyingFields(slots));
  const fields = NAME_FIELDS.filter((field) => varying.has(field));
  const taken = new Set(slots.map(({ named }) => named).filter(Boolean));
  const short = shortOf(slots);
  return slots.map(({ named, settings }) => {
    if (named) return { name: named, ...settings };
    const wanted = (fields.length > 0 ? fields : LONE_FIELDS)
      .map((field) => fieldName(field, settings, short))
      .join('-');
    const name = freeName(wanted, taken);
    taken.add(name);
    return { name, ...settings };
  });
}

/** Ids of models without the words that all of them begin or end with. */
function shortOf(slots: readonly ColumnSlot[]): ReadonlyMap<string, string> {
  const ids = (field: 'llm' | 'embedder'): string[] => [
    ...new Set(slots.flatMap(({ settings }) => settings[field] ?? [])),
  ];
  return new Map(
    [ids('llm').filter((id) => id !== 'none'), ids('embedder')].flatMap((all) => {
      const names = shortNames(all);
      return all.map((id, at) => [id, names[at] ?? id] as const);
    }),
  );
}

/** A value as part of a name: what names may not hold is left out. */
function fieldName(field: ColumnField, settings: ColumnSettings, short: ReadonlyMap<string, string>): string {
  const value = settingOf(settings, field);
  if (field === 'topK') return `top${value}`;
  if (field === 'temperature') return `t${value}`;
  if (field === 'seed') return `seed${value}`;
  if (field === 'maxTokens') return `max${value}`;
  if (field === 'instruction') return value ? 'instructed' : 'bare';
  if (field === 'llm' && value === 'none') return 'search';
  if (field === 'llm' || field === 'embedder') return short.get(String(value)) ?? 'default';
  return String(value ?? 'default').replace(/[\s,=:/]+/gu, '-');
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const end = number === 1 ? '' : `-${number}`;
    const name = [...wanted].slice(0, LONGEST_NAME - end.length).join('') + end;
    if (!taken.has(name)) return name;
  }
}

/** A column as the command line takes it: `name=base,llm=ID,mode=bm25`; what is the default is left out. Pure. */
export function columnText(column: Column): string {
  const { sampling } = column;
  const changed = <T>(key: string, value: T, usual: T): string[] => (value === usual ? [] : [`${key}=${value}`]);
  return [
    `name=${column.name}`,
    ...changed('llm', column.llm, DEFAULTS.llm),
    ...changed('embedder', column.embedder, undefined),
    ...changed('group', column.group, undefined),
    ...changed('mode', column.mode, DEFAULTS.mode),
    ...changed('top-k', column.topK, DEFAULTS.topK),
    ...changed('reranker', column.reranker, undefined),
    ...(column.instruction ? [] : ['instruction=off']),
    ...changed('context', column.context, DEFAULTS.context),
    ...changed('prompt', column.prompt, DEFAULTS.prompt),
    ...changed('temperature', sampling.temperature, DEFAULTS.sampling.temperature),
    ...changed('seed', sampling.seed, DEFAULTS.sampling.seed),
    ...changed('max-tokens', sampling.maxTokens, DEFAULTS.sampling.maxTokens),
  ].join(',');
}

export interface CommandParts {
  readonly question: string;
  readonly kb: string;
  readonly columns: readonly Column[];
  readonly order: string;
  readonly passage: string;
}

/** The command that asks the same without a screen. Pure. */
export function compareCommand({ question, kb, columns, order, passage }: CommandParts): string {
  return [
    `ragtui compare ${shellWord(question)}${kb === NO_KB ? '' : ` --kb ${shellWord(kb)}`}`,
    ...columns.map((column) => `--column ${shellWord(columnText(column))}`),
    ...(order === 'rotate' ? [] : [`--order ${order}`]),
    ...(passage ? [`--passage ${shellWord(passage)}`] : []),
  ].join(' \\\n  ');
}

const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
