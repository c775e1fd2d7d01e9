import { isDeepStrictEqual } from 'node:util';
import { RagtuiError } from '../src/platform/errors.ts';
import type { CompareOrder } from '../src/rag/compare.ts';
import { type Column, columnSchema } from '../src/rag/types.ts';
import type { CompareAccess, ComparisonRun } from './compare.ts';
import { type ColumnSettings, type ColumnSlot, columnsOf, DEFAULT_SETTINGS } from './compare-columns.ts';
import type { ModelChoice } from './evaluation.ts';

/** The headless command takes no more either. */
export const MOST_COLUMNS = 6;
/** Steps that can be undone. */
const MOST_UNDO = 30;

/** What `undo` brings back. */
interface Snapshot {
  readonly slots: readonly ColumnSlot[];
  readonly selected: number;
  readonly base: number;
  /** Set by steps that took the answers away too. */
  readonly run?: ComparisonRun | null;
}

/** The columns, and how they are put together. */
export interface SlotsSlice {
  readonly kb: string | null;
  readonly slots: readonly ColumnSlot[];
  /** Id of the slot that actions are about. */
  readonly selected: number;
  /** Id of the slot that the others are compared with. */
  readonly base: number;
  readonly order: CompareOrder;
  readonly models: readonly ModelChoice[];
  readonly served: readonly string[];
  /** Names of the prompts there are. */
  readonly prompts: readonly string[];
  readonly undone: readonly Snapshot[];
  /** Reads what models there are, and keeps knowledge base and columns at the defaults until somebody changes them. */
  refresh(defaults: { readonly kb: string | null; readonly llm: string | null }): void;
  setKb(kb: string): void;
  setOrder(order: CompareOrder): void;
  select(id: number): void;
  setBase(id: number): void;
  /** A copy of the selected column beside it, which becomes the selected one. */
  clone(): void;
  remove(id: number): void;
  /** Moves a column to the left (-1) or right (1). */
  move(id: number, by: -1 | 1): void;
  /** Errors: `usage` for settings no column can have. */
  configure(id: number, change: Partial<ColumnSettings>): void;
  /** A name of the person's own; '' = named by what differs. Errors: `usage`. */
  rename(id: number, name: string): void;
  /** All columns at once: a set, a matrix, those of a comparison that was kept. With `run` its answers come along. */
  load(columns: readonly Column[], run?: (ids: readonly number[]) => ComparisonRun): void;
  /** Takes back the last change of the columns; false = there was none. */
  undo(): boolean;
}

/** The base LLM and its newest adapter if it has one, else the base with two ways to search. Pure. */
export function defaultSettings(llm: string | null, models: readonly ModelChoice[]): readonly ColumnSettings[] {
  const base: ColumnSettings = { ...DEFAULT_SETTINGS, llm: llm ?? 'none' };
  const adapter = models.findLast((model) => model.kind === 'llm' && model.base !== null && model.base === llm);
  return adapter ? [base, { ...base, llm: adapter.id }] : [base, { ...base, mode: 'bm25' }];
}

export interface SlotsDependencies {
  readonly models: () => readonly ModelChoice[];
  /** What runs on vLLM, as columns name it: `NAME@vllm`. */
  readonly served: () => readonly string[];
  readonly prompts: () => readonly string[];
}

export function createSlotsSlice(
  { get, set }: CompareAccess,
  { models, served, prompts }: SlotsDependencies,
): SlotsSlice {
  let nextId = 1;
  let untouched = true;
  const slotOf = (settings: ColumnSettings, named = ''): ColumnSlot => ({ id: nextId++, named, settings });

  const change = (slots: readonly ColumnSlot[], more: Partial<SlotsSlice> = {}, run?: ComparisonRun | null): void => {
    const before = get();
    untouched = false;
    const snapshot: Snapshot = {
      slots: before.slots,
      selected: before.selected,
      base: before.base,
      ...(run === undefined ? {} : { run: before.run }),
    };
    set({
      slots,
      undone: [...before.undone, snapshot].slice(-MOST_UNDO),
      ...more,
      ...(run === undefined ? {} : { run }),
    });
  };
  const replace = (id: number, by: (slot: ColumnSlot) => ColumnSlot): void => {
    const slots = get().slots.map((slot) => (slot.id === id ? by(slot) : slot));
    for (const column of columnsOf(slots)) checkColumn(column);
    change(slots);
  };

  return {
    kb: null,
    slots: [],
    selected: 0,
    base: 0,
    order: 'rotate',
    models: [],
    served: [],
    prompts: [],
    undone: [],
    refresh: ({ kb, llm }) => {
      const there = models();
      set({ models: there, served: served(), prompts: prompts(), kb: get().kb ?? kb });
      if (!untouched) return;
      const wanted = defaultSettings(llm, there);
      const now = get().slots.map(({ settings }) => settings);
      if (isDeepStrictEqual(wanted, now)) return;
      const made = wanted.map((settings) => slotOf(settings));
      set({ slots: made, selected: made[0]?.id ?? 0, base: made[0]?.id ?? 0 });
    },
    setKb: (kb) => set({ kb }),
    setOrder: (order) => set({ order }),
    select: (id) => {
      if (get().slots.some((slot) => slot.id === id)) set({ selected: id });
    },
    setBase: (id) => {
      if (get().slots.some((slot) => slot.id === id)) set({ base: id });
    },
    clone: () => {
      const { slots, selected } = get();
      const at = slots.findIndex(({ id }) => id === selected);
      const from = slots[at];
      if (!from || slots.length >= MOST_COLUMNS) return;
      const copy = slotOf(from.settings);
      change(slots.toSpliced(at + 1, 0, copy), { selected: copy.id });
    },
    remove: (id) => {
      const { slots, selected, base } = get();
      if (slots.length <= 1) return;
      const at = slots.findIndex((slot) => slot.id === id);
      const left = slots.filter((slot) => slot.id !== id);
      const next = left[Math.min(Math.max(0, at), left.length - 1)];
      change(left, {
        ...(selected === id && next ? { selected: next.id } : {}),
        ...(base === id ? { base: left[0]?.id ?? 0 } : {}),
      });
    },
    move: (id, by) => {
      const { slots } = get();
      const at = slots.findIndex((slot) => slot.id === id);
      const slot = slots[at];
      if (!slot || !slots[at + by]) return;
      change(slots.toSpliced(at, 1).toSpliced(at + by, 0, slot));
    },
    configure: (id, settings) => replace(id, (slot) => ({ ...slot, settings: { ...slot.settings, ...settings } })),
    rename: (id, name) => {
      const taken = columnsOf(get().slots).some((column, at) => column.name === name && get().slots[at]?.id !== id);
      if (name && taken) throw new RagtuiError('usage', `Another column is called "${name}".`, 'Choose another name.');
      replace(id, (slot) => ({ ...slot, named: name }));
    },
    load: (columns, run) => {
      const slots = unnamed(columns.slice(0, MOST_COLUMNS).map(({ name, ...settings }) => slotOf(settings, name)));
      const first = slots[0];
      if (!first) return;
      change(
        slots,
        { selected: first.id, base: first.id },
        run?.(slots.map(({ id }) => id)) ?? (run ? null : undefined),
      );
    },
    undo: () => {
      const { undone } = get();
      const last = undone.at(-1);
      if (!last) return false;
      set({ ...last, undone: undone.slice(0, -1) });
      return true;
    },
  };
}

/** Names that we would give ourselves are no names of the person's own: they go on following what differs. Pure. */
function unnamed(slots: readonly ColumnSlot[]): readonly ColumnSlot[] {
  const ours = columnsOf(slots.map((slot) => ({ ...slot, named: '' })));
  return slots.every(({ named }, at) => named === ours[at]?.name)
    ? slots.map((slot) => ({ ...slot, named: '' }))
    : slots;
}

function checkColumn(column: Column): void {
  const parsed = columnSchema.safeParse(column);
  if (parsed.success) return;
  const reason = parsed.error.issues[0]?.message ?? 'it is invalid';
  throw new RagtuiError('usage', `The column cannot be like this: ${reason}.`, 'Choose something else.');
}
