import { isDeepStrictEqual } from 'node:util';
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { SearchResult } from '../src/kb/types.ts';
import { RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import type { ColumnResult, CompareEvent, CompareOrder, CompareRequest } from '../src/rag/compare.ts';
import { type Column, columnSchema, type Message } from '../src/rag/types.ts';
import { type ColumnSettings, type ColumnSlot, columnsOf } from './compare-columns.ts';
import type { Clock, Schedule } from './dependencies.ts';
import type { ModelChoice } from './evaluation.ts';
import { createStreamBuffer, type StreamBuffer } from './stream-buffer.ts';

/** The headless command takes no more either. */
export const MOST_COLUMNS = 6;

export interface ComparePort {
  /** Resolves when every column has ended; a column's fault is in its `ended` event. Rejects for the whole only. */
  compare(
    request: CompareRequest,
    options: { readonly signal: AbortSignal; readonly onEvent: (column: number, event: CompareEvent) => void },
  ): Promise<unknown>;
  /** What runs on vLLM, as columns name it: `NAME@vllm`. */
  served(): readonly string[];
}

/** One column of the comparison on screen. */
export interface ColumnRun {
  /** With the name and the settings it was asked with. */
  readonly column: Column;
  readonly phase: 'waiting' | 'retrieving' | 'prompting' | 'answering' | 'ended';
  /** What is waited for, in words; '' = nothing special. */
  readonly status: string;
  readonly startedAt: number;
  /** Its clock stands still from then on. */
  readonly endedAt: number | null;
  readonly search: SearchResult | null;
  readonly messages: readonly Message[];
  readonly promptTokens: number | null;
  readonly cut: string;
  readonly buffer: StreamBuffer;
  /** Null until it ended. */
  readonly result: ColumnResult | null;
}

export interface ComparisonRun {
  readonly question: string;
  readonly kb: string;
  readonly order: CompareOrder;
  /** By slot id. */
  readonly columns: ReadonlyMap<number, ColumnRun>;
  readonly underWay: boolean;
  /** Changes when the buffers should be read again. */
  readonly version: number;
}

export interface CompareState {
  readonly kb: string | null;
  readonly slots: readonly ColumnSlot[];
  /** Id of the slot that actions are about. */
  readonly selected: number;
  readonly order: CompareOrder;
  /** What columns with `context=gold` read. */
  readonly passage: string;
  readonly models: readonly ModelChoice[];
  readonly served: readonly string[];
  readonly run: ComparisonRun | null;
  readonly error: RagtuiError | null;
  /** Reads what models there are, and keeps knowledge base and columns at the defaults until somebody changes them. */
  refresh(defaults: { readonly kb: string | null; readonly llm: string | null }): void;
  setKb(kb: string): void;
  setOrder(order: CompareOrder): void;
  setPassage(passage: string): void;
  select(id: number): void;
  /** A copy of the selected column beside it, which becomes the selected one. */
  clone(): void;
  remove(id: number): void;
  /** Errors: `usage` for settings no column can have. */
  configure(id: number, change: Partial<ColumnSettings>): void;
  /** A name of the person's own; '' = named by what differs. Errors: `usage`. */
  rename(id: number, name: string): void;
  /** Asks all columns; a comparison under way is cancelled first. Never rejects. */
  compare(question: string): Promise<void>;
  cancel(): void;
}
export type CompareStore = StoreApi<CompareState>;

export interface CompareDependencies {
  readonly compare: ComparePort;
  readonly models: () => readonly ModelChoice[];
  readonly schedule: Schedule;
  readonly now: Clock;
}

const { name: _, ...DEFAULTS } = columnSchema.parse({ name: 'x' });

/** The base LLM and its newest adapter if it has one, else the base with two ways to search. Pure. */
export function defaultSettings(llm: string | null, models: readonly ModelChoice[]): readonly ColumnSettings[] {
  const base: ColumnSettings = { ...DEFAULTS, llm: llm ?? 'none' };
  const adapter = models.findLast((model) => model.kind === 'llm' && model.base !== null && model.base === llm);
  return adapter ? [base, { ...base, llm: adapter.id }] : [base, { ...base, mode: 'bm25' }];
}

/** Columns, the question put to them, and what each says. */
export function createCompareStore({ compare: port, models, schedule, now }: CompareDependencies): CompareStore {
  let controller: AbortController | null = null;
  let nextId = 1;
  let untouched = true;
  const slotOf = (settings: ColumnSettings): ColumnSlot => ({ id: nextId++, named: '', settings });

  return createStore<CompareState>()((set, get) => {
    const change = (slots: readonly ColumnSlot[], more: Partial<CompareState> = {}): void => {
      untouched = false;
      set({ slots, ...more });
    };
    const replace = (id: number, by: (slot: ColumnSlot) => ColumnSlot): void => {
      const slots = get().slots.map((slot) => (slot.id === id ? by(slot) : slot));
      for (const column of columnsOf(slots)) checkColumn(column);
      change(slots);
    };
    const update = (owner: AbortController, id: number, by: Partial<ColumnRun>): void => {
      const { run } = get();
      const column = run?.columns.get(id);
      // Events of a comparison that was cancelled or replaced go nowhere.
      if (controller !== owner || !run || !column) return;
      set({ run: { ...run, columns: new Map(run.columns).set(id, { ...column, ...by }) } });
    };

    const hear = (owner: AbortController, id: number, publish: () => void, event: CompareEvent): void => {
      if (event.type === 'status') update(owner, id, { status: event.text });
      else if (event.type === 'began') update(owner, id, { phase: 'retrieving', startedAt: now() });
      else if (event.type === 'retrieved') update(owner, id, { phase: 'prompting', search: event.search });
      else if (event.type === 'prompt') {
        const { messages, promptTokens, cut } = event;
        update(owner, id, { phase: 'prompting', messages, promptTokens, cut });
      } else if (event.type === 'ended') {
        update(owner, id, { phase: 'ended', status: '', endedAt: now(), result: event.result });
      } else {
        const buffer = controller === owner ? get().run?.columns.get(id)?.buffer : undefined;
        if (!buffer) return;
        buffer.text += event.text;
        buffer.reasoning += event.reasoning;
        buffer.pieces += 1;
        if (buffer.firstAt === null) {
          buffer.firstAt = now();
          update(owner, id, { phase: 'answering', status: '' });
        }
        schedule(publish);
      }
    };

    return {
      kb: null,
      slots: [],
      selected: 0,
      order: 'rotate',
      passage: '',
      models: [],
      served: [],
      run: null,
      error: null,
      refresh: ({ kb, llm }) => {
        const there = models();
        set({ models: there, served: port.served(), kb: get().kb ?? kb });
        if (!untouched) return;
        const wanted = defaultSettings(llm, there);
        const { slots } = get();
        if (
          isDeepStrictEqual(
            wanted,
            slots.map(({ settings }) => settings),
          )
        )
          return;
        const made = wanted.map(slotOf);
        set({ slots: made, selected: made[0]?.id ?? 0 });
      },
      setKb: (kb) => set({ kb }),
      setOrder: (order) => set({ order }),
      setPassage: (passage) => set({ passage }),
      select: (id) => {
        if (get().slots.some((slot) => slot.id === id)) set({ selected: id });
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
        const { slots, selected } = get();
        if (slots.length <= 1) return;
        const at = slots.findIndex((slot) => slot.id === id);
        const left = slots.filter((slot) => slot.id !== id);
        const next = left[Math.min(Math.max(0, at), left.length - 1)];
        change(left, selected === id && next ? { selected: next.id } : {});
      },
      configure: (id, settings) => replace(id, (slot) => ({ ...slot, settings: { ...slot.settings, ...settings } })),
      rename: (id, name) => {
        const taken = columnsOf(get().slots).some((column, at) => column.name === name && get().slots[at]?.id !== id);
        if (name && taken)
          throw new RagtuiError('usage', `Another column is called "${name}".`, 'Choose another name.');
        replace(id, (slot) => ({ ...slot, named: name }));
      },
      compare: async (question) => {
        const text = question.trim();
        const { kb, slots, order, passage } = get();
        if (!text || kb === null || slots.length === 0) return;
        get().cancel();
        const owner = new AbortController();
        controller = owner;
        const columns = columnsOf(slots);
        const runs = columns.map(newRun);
        const publish = (): void => {
          const { run } = get();
          if (controller === owner && run) set({ run: { ...run, version: run.version + 1 } });
        };
        set({
          error: null,
          run: {
            question: text,
            kb,
            order,
            columns: new Map(slots.flatMap(({ id }, at) => (runs[at] ? [[id, runs[at]] as const] : []))),
            underWay: true,
            version: 0,
          },
        });
        try {
          await port.compare(
            { question: text, kb, columns, order, ...(passage ? { passage } : {}) },
            {
              signal: owner.signal,
              onEvent: (at, event) => {
                const slot = slots[at];
                if (slot) hear(owner, slot.id, publish, event);
              },
            },
          );
        } catch (error) {
          if (controller !== owner) return;
          set({ error: toRagtuiError(error), run: over(get().run, now(), 'failed', toRagtuiError(error)) });
        } finally {
          if (controller === owner) {
            controller = null;
            set({ run: over(get().run, now(), 'failed', null) });
          }
        }
      },
      cancel: () => {
        if (!controller) return;
        controller.abort();
        controller = null;
        set({ run: over(get().run, now(), 'cancelled', null) });
      },
    };
  });
}

function checkColumn(column: Column): void {
  const parsed = columnSchema.safeParse(column);
  if (parsed.success) return;
  const reason = parsed.error.issues[0]?.message ?? 'it is invalid';
  throw new RagtuiError('usage', `The column cannot be like this: ${reason}.`, 'Choose something else.');
}

const newRun = (column: Column): ColumnRun => ({
  column,
  phase: 'waiting',
  status: '',
  startedAt: 0,
  endedAt: null,
  search: null,
  messages: [],
  promptTokens: null,
  cut: '',
  buffer: createStreamBuffer(),
  result: null,
});

/** The comparison at its end: columns without an end of their own get this one, with what they had said. */
function over(
  run: ComparisonRun | null,
  endedAt: number,
  state: ColumnResult['state'],
  error: RagtuiError | null,
): ComparisonRun | null {
  if (!run) return null;
  const ended = [...run.columns].map(([id, column]): [number, ColumnRun] => {
    if (column.result) return [id, column];
    const result: ColumnResult = { column: column.column, state, answer: null, partial: column.buffer.text, error };
    return [id, { ...column, phase: 'ended', status: '', endedAt, result }];
  });
  return { ...run, columns: new Map(ended), underWay: false };
}
