import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { SearchResult } from '../kb/types.ts';
import { RagtuiError, toRagtuiError } from '../platform/errors.ts';
import type { ResolvedLlm, ResolveLlm } from '../serving/resolve.ts';
import { AnswerVectors } from './comparisons/answer-vectors.ts';
import { type Scores, scoreAnswer } from './comparisons/score.ts';
import { describeServer, type ServerFacts } from './comparisons/server.ts';
import { type AnswerDependencies, answer, type Search } from './pipeline.ts';
import { type Answer, type AnswerEvent, type Column, type Pipeline, pipelineSchema } from './types.ts';

/** One after another beginning with another column each time, or all at once (their latencies then affect each other). */
export type CompareOrder = 'rotate' | 'together';

export interface CompareRequest {
  readonly question: string;
  readonly kb: string;
  readonly columns: readonly Column[];
  readonly order: CompareOrder;
  /** What columns with `context=gold` read, and what a search should find. */
  readonly passage?: string;
  /** Answers known to be right: with them (or a passage) every answer is scored. */
  readonly references?: readonly string[];
  /** Where the question came from, for the history: `dataset NAME vVERSION row 12`. */
  readonly source?: string;
}

/** `empty`: nothing was found or the model said nothing. A fault is the state of its column; the others go on. */
export type ColumnState = 'ok' | 'empty' | 'failed' | 'cancelled';

export interface ColumnResult {
  readonly column: Column;
  readonly state: ColumnState;
  /** Null when it failed; what had come until then is in `partial`. */
  readonly answer: Answer | null;
  readonly partial: string;
  readonly error: RagtuiError | null;
  /** Scores where a reference or the gold passage is known; null where a metric does not apply. */
  readonly metrics?: Scores;
  /** What answered. */
  readonly server?: ServerFacts;
}

export interface Comparison {
  readonly question: string;
  readonly kb: string;
  readonly order: { readonly mode: CompareOrder; readonly sequence: readonly string[] };
  /** In the order of the request. */
  readonly columns: readonly ColumnResult[];
}

/** What happens in one column, with its place in the request. */
export type CompareEvent =
  | { readonly type: 'status'; readonly text: string }
  | Exclude<AnswerEvent, { type: 'done' }>
  | { readonly type: 'began' }
  | { readonly type: 'ended'; readonly result: ColumnResult };

export interface CompareOptions {
  readonly signal?: AbortSignal;
  readonly onEvent?: (column: number, event: CompareEvent) => void;
}

/**
 * Puts one question to several columns. What columns search alike is searched once; servers are started before the
 * first column begins, so that no column's time holds another one's start; the embedded engine works strictly.
 * Never throws for what goes wrong in a column. Errors: `usage` when a column wants a gold passage and there is none.
 */
export async function compare(
  deps: AnswerDependencies,
  request: CompareRequest,
  options: CompareOptions = {},
): Promise<Comparison> {
  checkRequest(request);
  const { columns } = request;
  const emit = (index: number, event: CompareEvent) => options.onEvent?.(index, event);
  const [{ resolveLlm, servers }, vectors] = await Promise.all([
    resolveAll(deps, columns, options, emit),
    columns.some(({ llm }) => llm !== 'none') ? AnswerVectors.start(deps.kb, request, options.signal) : null,
  ]);
  const score: Score = async (finished, column) =>
    scoreAnswer(finished, column, {
      ...request,
      vectors: column.llm === 'none' ? null : ((await vectors?.of(finished.answer, options.signal)) ?? null),
    });
  const shared: AnswerDependencies = { ...deps, search: searchingOnce(deps), resolveLlm };
  const run = (index: number) =>
    runColumn(shared, { servers, score, request }, index, options.signal, (event) => emit(index, event));
  const sequence = sequenceOf(request);
  const results = new Map<number, ColumnResult>();
  const finish = async (index: number) => results.set(index, await run(index));
  if (request.order === 'together') await Promise.all(sequence.map(finish));
  else for (const index of sequence) await finish(index);
  return {
    question: request.question,
    kb: request.kb,
    order: orderOf(request),
    columns: columns.flatMap((_, index) => results.get(index) ?? []),
  };
}

/** What is wrong with a request as a whole. Errors: `usage` when a column wants a gold passage and there is none. */
export function checkRequest({ columns, passage }: CompareRequest): void {
  const golden = columns.find(({ context }) => context === 'gold');
  if (!golden || passage !== undefined) return;
  throw new RagtuiError(
    'usage',
    `The column "${golden.name}" reads the gold passage, but none is given.`,
    'Give it with --passage.',
  );
}

/** In which order the columns of a request are asked. Pure. */
export function orderOf(request: CompareRequest): Comparison['order'] {
  return { mode: request.order, sequence: sequenceOf(request).map((index) => request.columns[index]?.name ?? '') };
}

const sequenceOf = ({ columns, order, question }: CompareRequest): number[] =>
  rotated(columns.length, order === 'rotate' ? turnOf(question) : 0);

/** The pipeline of a column over a knowledge base. */
export function columnPipeline(kb: string, column: Column): Pipeline {
  const { name: _, ...rest } = column;
  return pipelineSchema.parse({ kb, ...rest });
}

type Score = (finished: Answer, column: Column) => Promise<Scores>;

/** What the columns of a comparison have in common. */
interface Shared {
  readonly servers: ReadonlyMap<string, Promise<ServerFacts>>;
  readonly score: Score;
  readonly request: CompareRequest;
}

async function runColumn(
  deps: AnswerDependencies,
  { servers, score, request }: Shared,
  index: number,
  signal: AbortSignal | undefined,
  emit: (event: CompareEvent) => void,
): Promise<ColumnResult> {
  const column = request.columns[index];
  if (!column) throw new RagtuiError('internal', `There is no column ${index}.`);
  emit({ type: 'began' });
  let partial = '';
  const end = async (change: Partial<ColumnResult>): Promise<ColumnResult> => {
    const server = await servers.get(column.llm);
    const result: ColumnResult = {
      column,
      state: 'ok',
      answer: null,
      partial,
      error: null,
      ...(server ? { server } : {}),
      ...change,
    };
    emit({ type: 'ended', result });
    return result;
  };
  const asked = {
    question: request.question,
    pipeline: columnPipeline(request.kb, column),
    strict: true,
    ...passagesFor(column, request.passage),
  };
  try {
    let finished: Answer | undefined;
    for await (const event of answer(deps, asked, {
      ...(signal ? { signal } : {}),
      onStatus: (text) => emit({ type: 'status', text }),
    })) {
      if (event.type === 'done') finished = event.answer;
      else {
        if (event.type === 'delta') partial += event.text;
        emit(event);
      }
    }
    const state = stateOf(finished, column);
    const metrics = finished && state !== 'cancelled' ? await score(finished, column) : {};
    return await end({ answer: finished ?? null, state, metrics });
  } catch (error) {
    return await end({ state: 'failed', error: toRagtuiError(error) });
  }
}

function passagesFor({ context }: Column, passage: string | undefined): { passages?: readonly string[] } {
  if (context === 'retrieved') return {};
  return { passages: context === 'gold' && passage !== undefined ? [passage] : [] };
}

function stateOf(finished: Answer | undefined, { llm }: Column): ColumnState {
  if (!finished) return 'failed';
  if (finished.finish === 'cancelled') return 'cancelled';
  return llm !== 'none' && finished.answer.trim() === '' ? 'empty' : 'ok';
}

/** Which column begins: over many questions each does equally often, and the same question repeats the same way. */
const turnOf = (question: string): number => createHash('sha256').update(question).digest().readUInt32LE();

/** `3, 1` → [1, 2, 0]. */
const rotated = (count: number, by: number): number[] => Array.from({ length: count }, (_, at) => (at + by) % count);

/** The same search, asked at the same time or later, is made once: answers then differ only by what columns differ in. */
function searchingOnce({ kb }: AnswerDependencies): Search {
  const searches: { readonly params: unknown; readonly result: Promise<SearchResult> }[] = [];
  return (params, options) => {
    const known = searches.find((one) => isDeepStrictEqual(one.params, params));
    if (known) return known.result;
    const result = kb.call('search', params, options);
    searches.push({ params, result });
    return result;
  };
}

interface Resolved {
  readonly resolveLlm: ResolveLlm;
  /** What each LLM that was found answers from; is known soon after. */
  readonly servers: ReadonlyMap<string, Promise<ServerFacts>>;
}

/** Starts or finds every server once; what fails is told by the column that needs it. */
async function resolveAll(
  deps: AnswerDependencies,
  columns: readonly Column[],
  options: CompareOptions,
  emit: (index: number, event: CompareEvent) => void,
): Promise<Resolved> {
  const names = [...new Set(columns.map(({ llm }) => llm))].filter((llm) => llm !== 'none');
  const found = new Map<string, () => ResolvedLlm>();
  const servers = new Map<string, Promise<ServerFacts>>();
  for (const llm of names) {
    const onStatus = (text: string) =>
      columns.forEach((column, index) => {
        if (column.llm === llm) emit(index, { type: 'status', text });
      });
    try {
      const resolved = await deps.resolveLlm(llm, {
        onStatus,
        beside: names,
        ...(options.signal ? { signal: options.signal } : {}),
      });
      found.set(llm, () => resolved);
      servers.set(llm, describeServer(deps.paths, llm, resolved));
    } catch (error) {
      found.set(llm, () => {
        throw error;
      });
    }
  }
  const resolveLlm: ResolveLlm = async (llm) => {
    const get = found.get(llm);
    if (!get) throw new RagtuiError('internal', `${llm} was not resolved.`);
    return get();
  };
  return { resolveLlm, servers };
}
