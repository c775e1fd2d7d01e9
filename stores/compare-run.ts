import type { SearchResult } from '../src/kb/types.ts';
import { type RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import { needsKb } from '../src/rag/columns.ts';
import type { ColumnResult, CompareEvent, CompareOrder, CompareRequest } from '../src/rag/compare.ts';
import type { Kept } from '../src/rag/comparisons/record.ts';
import type { Choice, KeptComparison } from '../src/rag/comparisons/types.ts';
import { type Column, type Message, NO_KB } from '../src/rag/types.ts';
import type { CompareAccess } from './compare.ts';
import { type ColumnSlot, columnsOf, sameSettings } from './compare-columns.ts';
import type { Clock, Schedule } from './dependencies.ts';
import { appendPiece, createStreamBuffer, type StreamBuffer } from './stream-buffer.ts';

export interface ComparePort {
  /** Resolves when every column has ended; a column's fault is in its `ended` event. Rejects for the whole only. */
  compare(
    request: CompareRequest,
    options: {
      readonly signal: AbortSignal;
      readonly onEvent: (column: number, event: CompareEvent) => void;
      /** False: not in the history (its column goes where the others are). */
      readonly keep: boolean;
    },
  ): Promise<Kept>;
  /** What runs on vLLM, as columns name it: `NAME@vllm`. */
  served(): readonly string[];
  /** Names of all prompts there are. */
  prompts(): readonly string[];
  /** What is no longer as it was when a comparison was made, in sentences. */
  changes(kept: KeptComparison): Promise<readonly string[]>;
  /** Writes a document into the folder of exports; gives its path. */
  export(name: string, text: string): Promise<string>;
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
  /** Its own, for as long as the program runs. */
  readonly key: number;
  readonly question: string;
  readonly kb: string;
  readonly order: CompareOrder;
  /** Ids of the slots in the order in which they began. */
  readonly sequence: readonly number[];
  /** By slot id. */
  readonly columns: ReadonlyMap<number, ColumnRun>;
  readonly underWay: boolean;
  /** Changes when the buffers should be read again. */
  readonly version: number;
  readonly references: readonly string[];
  readonly passage: string;
  readonly source: string;
  /** Its number in the history; null = not kept (yet). */
  readonly kept: number | null;
  /** Why it is not kept. */
  readonly fault: RagtuiError | null;
  /** When it was asked, if it was opened from the history. */
  readonly reopened: string | null;
  /** What is no longer as it was then, in sentences. */
  readonly changes: readonly string[];
  /** Which answer was preferred; null = nobody said. */
  readonly vote: Choice | null;
}

/** The question put to all columns, and what each says. */
export interface RunSlice {
  readonly run: ComparisonRun | null;
  readonly error: RagtuiError | null;
  /** Asks all columns; a comparison under way is cancelled first. Never rejects. */
  compare(question: string): Promise<void>;
  /** Asks one column the question on screen again (or for the first time); the others keep what they said. */
  retry(id: number): Promise<void>;
  cancel(): void;
}

export interface RunDependencies {
  readonly compare: ComparePort;
  readonly schedule: Schedule;
  readonly now: Clock;
}

export function createRunSlice({ get, set }: CompareAccess, dependencies: RunDependencies): RunSlice {
  const { compare: port, schedule, now } = dependencies;
  let controller: AbortController | null = null;
  let nextKey = 1;

  const update = (owner: AbortController, id: number, by: Partial<ColumnRun>): void => {
    const { run } = get();
    const column = run?.columns.get(id);
    // Events of a comparison that was cancelled or replaced go nowhere.
    if (controller !== owner || !run || !column) return;
    set({ run: { ...run, columns: new Map(run.columns).set(id, { ...column, ...by }) } });
  };
  const bufferOf = (owner: AbortController, id: number): StreamBuffer | undefined =>
    controller === owner ? get().run?.columns.get(id)?.buffer : undefined;

  const hear = (owner: AbortController, id: number, publish: () => void, event: CompareEvent): void => {
    switch (event.type) {
      case 'status':
        update(owner, id, { status: event.text });
        break;
      case 'began': {
        update(owner, id, { phase: 'retrieving', startedAt: now() });
        const { run } = get();
        if (controller === owner && run) {
          set({ run: { ...run, columns: waitingForTurn(run.columns), sequence: [...run.sequence, id] } });
        }
        break;
      }
      case 'retrieved':
        update(owner, id, { phase: 'prompting', search: event.search });
        break;
      case 'prompt': {
        const { messages, promptTokens, cut } = event;
        const asked = bufferOf(owner, id);
        if (asked) asked.askedAt = now();
        update(owner, id, { phase: 'prompting', status: '', messages, promptTokens, cut });
        break;
      }
      case 'delta': {
        const buffer = bufferOf(owner, id);
        if (!buffer) return;
        appendPiece(buffer, event, now());
        if (buffer.pieces === 1) update(owner, id, { phase: 'answering', status: '' });
        schedule(publish);
        break;
      }
      case 'ended':
        update(owner, id, { phase: 'ended', status: '', endedAt: now(), result: event.result });
        break;
    }
  };

  /** Asks some of the columns; the run on screen is `begun` already. */
  const ask = async (begun: ComparisonRun, slots: readonly ColumnSlot[], keep: boolean): Promise<void> => {
    const owner = new AbortController();
    controller = owner;
    const names = columnsOf(get().slots);
    const columns = slots.flatMap(({ id }) => names[get().slots.findIndex((slot) => slot.id === id)] ?? []);
    const fresh = slots.flatMap(({ id }, at) => (columns[at] ? [[id, newRun(columns[at])] as const] : []));
    set({ error: null, run: { ...begun, columns: new Map([...begun.columns, ...fresh]), underWay: true } });
    const publish = (): void => {
      const { run } = get();
      if (controller === owner && run) set({ run: { ...run, version: run.version + 1 } });
    };
    const { question, kb, order, references, source, passage } = begun;
    try {
      const { id, fault } = await port.compare(
        { question, kb, columns, order, references, source, ...(passage ? { passage } : {}) },
        {
          signal: owner.signal,
          keep,
          onEvent: (at, event) => {
            const slot = slots[at];
            if (slot) hear(owner, slot.id, publish, event);
          },
        },
      );
      const { run } = get();
      // Also of one that was cancelled meanwhile, as long as it is on screen.
      if (keep && run?.key === begun.key) set({ run: { ...run, kept: id, fault } });
    } catch (error) {
      if (controller !== owner) return;
      set({ error: toRagtuiError(error), run: over(get().run, now(), 'failed', toRagtuiError(error)) });
    } finally {
      if (controller === owner) {
        controller = null;
        set({ run: over(get().run, now(), 'failed', null) });
      }
    }
  };

  return {
    run: null,
    error: null,
    compare: async (question) => {
      const text = question.trim();
      const { kb, slots, order } = get();
      if (!text || slots.length === 0) return;
      if (kb === null && needsKb(slots.map(({ settings }) => settings))) return;
      get().cancel();
      const known = get().bindQuestion(text);
      get().shuffle();
      const begun: ComparisonRun = {
        key: nextKey++,
        question: text,
        kb: kb ?? NO_KB,
        order,
        ...known,
        sequence: [],
        columns: new Map(),
        underWay: true,
        version: 0,
        kept: null,
        fault: null,
        reopened: null,
        changes: [],
        vote: null,
      };
      await ask(begun, slots, true);
    },
    retry: async (id) => {
      const { run, slots } = get();
      const slot = slots.find((each) => each.id === id);
      if (!run || !slot || run.underWay) return;
      const before = run.columns.get(id);
      await ask({ ...run, sequence: run.sequence.filter((each) => each !== id) }, [slot], false);
      const again = get().run;
      if (again?.key !== run.key || !again.columns.get(id)?.result) return;
      // What was kept stays as it was, unless a column was asked once more for the very same.
      const same = before !== undefined && sameSettings(slot.settings, before.column) && run.reopened === null;
      await get().keepAgain(id, same);
    },
    cancel: () => {
      if (!controller) return;
      controller.abort();
      controller = null;
      set({ run: over(get().run, now(), 'cancelled', null) });
    },
  };
}

/** Servers are started before the first column begins: from then on the others wait for their turn, and for nothing else. */
const waitingForTurn = (columns: ComparisonRun['columns']): ComparisonRun['columns'] =>
  new Map([...columns].map(([id, run]) => [id, run.phase === 'waiting' ? { ...run, status: '' } : run]));

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
