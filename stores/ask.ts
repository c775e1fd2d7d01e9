import { createStore, type StoreApi } from 'zustand/vanilla';
import type { SearchResult } from '../src/kb/types.ts';
import { type RagtuiError, toRagtuiError } from '../src/platform/errors.ts';
import { type Answer, answerSchema, type Message, type Pipeline, pipelineSchema } from '../src/rag/types.ts';
import type { AskPort, Clock, Schedule } from './dependencies.ts';
import { appendPiece, createStreamBuffer, type StreamBuffer } from './stream-buffer.ts';
import type { WorkspaceStore } from './workspace.ts';

/** What a person can change before asking; the rest of the pipeline comes from the knowledge base. */
export type AskSettings = Omit<Pipeline, 'kb' | 'llm'> & { readonly kb: string | null; readonly llm: string | null };

export interface Running {
  readonly question: string;
  readonly phase: 'retrieving' | 'prompting' | 'answering';
  /** What is waited for, in words: "starting smollm2…"; '' = nothing special. */
  readonly status: string;
  readonly startedAt: number;
  readonly search: SearchResult | null;
  readonly messages: readonly Message[];
  readonly promptTokens: number | null;
  readonly cut: string;
  readonly buffer: StreamBuffer;
  /** Changes when the buffer should be read again. */
  readonly version: number;
}

export interface HistoryEntry {
  readonly id: number;
  readonly at: string;
  readonly kb: string;
  readonly question: string;
  readonly answer: Answer;
}

export interface AskState {
  readonly settings: AskSettings;
  readonly running: Running | null;
  /** The answer on screen: the last one, or one opened from the history. */
  readonly answer: Answer | null;
  readonly error: RagtuiError | null;
  /** Earlier turns that go with the next question. */
  readonly thread: readonly Answer[];
  readonly history: readonly HistoryEntry[] | null;
  readonly historyFilter: string;
  readonly suggestions: readonly string[];
  /** Questions of this session and the history, newest first, for the editor's "up". */
  readonly asked: readonly string[];
  configure(change: Partial<AskSettings>): void;
  suggest(questions: readonly string[]): void;
  /** Asks; a question under way is cancelled first. Never rejects: the outcome is in `answer` and `error`. */
  ask(question: string): Promise<void>;
  cancel(): void;
  newThread(): void;
  /** Shows an answer of the history; the next question does not continue it. */
  show(entry: HistoryEntry): void;
  loadHistory(filter?: string): Promise<void>;
  removeFromHistory(id: number): Promise<void>;
  dismissError(): void;
}
export type AskStore = StoreApi<AskState>;

export interface AskDependencies {
  readonly workspace: WorkspaceStore;
  readonly answers: AskPort;
  readonly schedule: Schedule;
  readonly now: Clock;
  readonly settings?: Partial<AskSettings>;
}

const DEFAULTS: AskSettings = {
  ...pipelineSchema.omit({ kb: true, llm: true }).parse({}),
  kb: null,
  llm: null,
};

/** Turns as messages: the questions and the answers, without the passages of earlier turns. */
export function threadMessages(thread: readonly Answer[]): Message[] {
  return thread.flatMap((turn) => [
    { role: 'user' as const, content: turn.question },
    { role: 'assistant' as const, content: turn.answer },
  ]);
}

/** Editor side: settings, the running answer, the thread and the history. */
export function createAskStore(dependencies: AskDependencies): AskStore {
  const { workspace, answers, schedule, now } = dependencies;
  let controller: AbortController | null = null;

  return createStore<AskState>()((set, get) => {
    const update = (owner: AbortController, change: (running: Running) => Partial<Running>): void => {
      // Events of a question that was cancelled or replaced go nowhere.
      if (controller !== owner) return;
      set((state) => (state.running ? { running: { ...state.running, ...change(state.running) } } : {}));
    };

    const run = async (owner: AbortController, question: string, pipeline: Pipeline): Promise<void> => {
      const buffer = createStreamBuffer();
      const publish = (): void => update(owner, (running) => ({ version: running.version + 1 }));
      set({
        running: {
          question,
          phase: 'retrieving',
          status: '',
          startedAt: now(),
          search: null,
          messages: [],
          promptTokens: null,
          cut: '',
          buffer,
          version: 0,
        },
        error: null,
      });
      const stream = answers.ask({
        question,
        pipeline,
        thread: threadMessages(get().thread),
        signal: owner.signal,
        onStatus: (status) => update(owner, () => ({ status })),
      });
      for await (const event of stream) {
        if (controller !== owner) return;
        if (event.type === 'retrieved') update(owner, () => ({ phase: 'prompting', search: event.search }));
        else if (event.type === 'prompt') {
          buffer.askedAt = now();
          update(owner, () => ({ messages: event.messages, promptTokens: event.promptTokens, cut: event.cut }));
        } else if (event.type === 'delta') {
          appendPiece(buffer, event, now());
          if (buffer.pieces === 1) update(owner, () => ({ phase: 'answering' }));
          schedule(publish);
        } else await finish(owner, event.answer);
      }
    };

    const finish = async (owner: AbortController, answer: Answer): Promise<void> => {
      if (controller !== owner) return;
      controller = null;
      const kept = answer.finish !== 'error' && answer.answer !== '';
      set((state) => ({ answer, running: null, thread: kept ? [...state.thread, answer] : state.thread }));
      try {
        await workspace.getState().call('answers.add', { answer });
        await get().loadHistory();
      } catch (error) {
        // The answer stays on screen; only its place in the history is missing.
        set({ error: toRagtuiError(error) });
      }
    };

    return {
      settings: { ...DEFAULTS, ...dependencies.settings },
      running: null,
      answer: null,
      error: null,
      thread: [],
      history: null,
      historyFilter: '',
      suggestions: [],
      asked: [],
      configure: (change) => {
        const otherKb = change.kb !== undefined && change.kb !== get().settings.kb;
        set((state) => ({
          settings: { ...state.settings, ...change },
          ...(otherKb ? { thread: [], suggestions: [] } : {}),
        }));
      },
      suggest: (suggestions) => set({ suggestions }),
      ask: async (question) => {
        const text = question.trim();
        const { settings } = get();
        if (!text || settings.kb === null || settings.llm === null) return;
        get().cancel();
        const owner = new AbortController();
        controller = owner;
        set((state) => ({ asked: [text, ...state.asked.filter((other) => other !== text)].slice(0, 200) }));
        try {
          await run(owner, text, { ...settings, kb: settings.kb, llm: settings.llm });
          if (controller === owner) set({ running: null });
        } catch (error) {
          if (controller !== owner) return;
          const reason = toRagtuiError(error);
          // What was said before it broke off stays on screen, below the reason.
          const { running } = get();
          const broken = running && running.buffer.text !== '' ? unfinished(running, settings, now(), 'error') : null;
          set({
            running: null,
            ...(broken ? { answer: broken } : {}),
            ...(reason.code === 'cancelled' ? {} : { error: reason }),
          });
        } finally {
          if (controller === owner) controller = null;
        }
      },
      cancel: () => {
        if (!controller) return;
        controller.abort();
        const { running } = get();
        controller = null;
        // What was said so far stays on screen, marked as cancelled; it is not kept in the history.
        if (running) set({ running: null, answer: unfinished(running, get().settings, now(), 'cancelled') });
      },
      newThread: () => {
        get().cancel();
        set({ thread: [], answer: null, error: null });
      },
      show: (entry) => {
        get().cancel();
        set({ answer: entry.answer, thread: [], error: null });
      },
      loadHistory: async (filter) => {
        const wanted = filter ?? get().historyFilter;
        set({ historyFilter: wanted });
        const rows = await workspace.getState().call('answers.list', { filter: wanted, limit: 200 });
        if (get().historyFilter !== wanted) return;
        const history = rows.flatMap((row) => {
          const answer = answerSchema.safeParse(row.answer);
          return answer.success ? [{ ...row, answer: answer.data }] : [];
        });
        set((state) => ({ history, asked: mergeAsked(state.asked, history) }));
      },
      removeFromHistory: async (id) => {
        await workspace.getState().call('answers.remove', { id });
        await get().loadHistory();
      },
      dismissError: () => set({ error: null }),
    };
  });
}

function mergeAsked(asked: readonly string[], history: readonly HistoryEntry[]): readonly string[] {
  return [...new Set([...asked, ...history.map((entry) => entry.question)])].slice(0, 200);
}

/** What there is of an answer that did not come to its end. */
function unfinished(running: Running, settings: AskSettings, at: number, finish: 'cancelled' | 'error'): Answer | null {
  if (settings.kb === null || settings.llm === null) return null;
  const { buffer, search } = running;
  const seconds = buffer.firstAt === null ? 0 : (at - buffer.firstAt) / 1000;
  return {
    question: running.question,
    answer: buffer.text,
    reasoning: buffer.reasoning,
    finish,
    pipeline: { ...settings, kb: settings.kb, llm: settings.llm },
    hits: search?.hits ?? [],
    relevant: search?.relevant ?? true,
    messages: [...running.messages],
    cut: running.cut,
    usage: { promptTokens: running.promptTokens ?? 0, completionTokens: buffer.pieces, estimated: true },
    timing: {
      embeddingMs: search?.timing.embeddingMs ?? 0,
      retrievalMs: search?.timing.retrievalMs ?? 0,
      firstTokenMs: buffer.firstAt === null ? null : buffer.firstAt - (buffer.askedAt ?? running.startedAt),
      totalMs: at - running.startedAt,
      tokensPerSecond: seconds > 0 ? buffer.pieces / seconds : null,
      gapP50Ms: null,
      gapP95Ms: null,
    },
    cost: null,
    retries: 0,
    models: { llm: settings.llm, embedder: search?.embedder ?? null },
  };
}
