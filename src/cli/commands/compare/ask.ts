import type { KbClient } from '../../../kb/protocol.ts';
import type { KnowledgeBase } from '../../../kb/types.ts';
import { toRagtuiError } from '../../../platform/errors.ts';
import type { CompareEvent, CompareRequest, Comparison } from '../../../rag/compare.ts';
import type { Kept } from '../../../rag/comparisons/record.ts';
import type { Column } from '../../../rag/types.ts';
import { columnJson } from '../../compare-text.ts';
import type { CommandContext } from '../../context.ts';
import { EXIT } from '../../exit-codes.ts';
import { needModels } from '../../need-models.ts';
import type { Output } from '../../output.ts';

export interface AskWish {
  readonly stream: boolean;
  readonly pull: boolean;
}

/** Asks, keeps in the history, and shows what happens meanwhile. */
export async function askColumns(
  context: CommandContext,
  kb: KbClient,
  base: KnowledgeBase | null,
  request: CompareRequest,
  { stream, pull }: AskWish,
): Promise<{ readonly comparison: Comparison; readonly kept: Kept }> {
  const { compareAndKeep } = await import('../../../rag/comparisons/record.ts');
  const { llmResolver } = await import('../../../serving/resolve.ts');
  const { loadSettings } = await import('../../../platform/config.ts');
  const { out, paths } = context;
  await pullDefaults(context, base, request.columns, pull);
  await pullMetricEmbedder(context, request, pull);
  const names = request.columns.map(({ name }) => name);
  const { settings } = loadSettings(paths.configFile);
  const stop = stopSignal(context.signal);
  try {
    const made = await compareAndKeep(
      { kb, paths, resolveLlm: llmResolver(paths), prompts: settings.prompts },
      request,
      {
        signal: stop.signal,
        stopped: () => stop.signal.aborted,
        onEvent: stream ? streamer(out, names) : remarks(out, names),
      },
    );
    const { fault } = made.kept;
    if (fault) out.note(`This comparison is not in the history: ${fault.message} ${fault.hint}`);
    return made;
  } finally {
    stop.release();
  }
}

/** Cosine wants an embedder of its own; without it the other scores stand. */
async function pullMetricEmbedder(context: CommandContext, request: CompareRequest, pull: boolean): Promise<void> {
  const { metricEmbedderFor } = await import('../../../rag/comparisons/answer-vectors.ts');
  const answering = request.columns.some(({ llm }) => llm !== 'none');
  if (!answering || (request.references ?? []).length === 0) return;
  try {
    await needModels(context, [metricEmbedderFor(request)], pull);
  } catch (error) {
    context.signal.throwIfAborted();
    const { message, hint } = toRagtuiError(error);
    context.out.note(`No cosine: ${message} ${hint}`.trim());
  }
}

/** Asked to end, in any way: what was said so far is kept first. */
function stopSignal(signal: AbortSignal): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const names = ['SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, abort);
  return {
    signal: AbortSignal.any([signal, controller.signal]),
    release: () => {
      for (const name of names) process.off(name, abort);
    },
  };
}

/** 130 when it was interrupted, 1 when no column could answer. */
export function exitCodeFor({ columns }: Comparison): number {
  if (columns.some(({ state }) => state === 'cancelled')) return EXIT.interrupted;
  return columns.every(({ state }) => state === 'failed') ? EXIT.failed : EXIT.done;
}

/** Pulls the default models that are missing. What cannot be had is the fault of the columns that need it. */
async function pullDefaults(
  context: CommandContext,
  base: KnowledgeBase | null,
  columns: readonly Column[],
  pull: boolean,
): Promise<void> {
  const { isServed } = await import('../../../serving/resolve.ts');
  const ids = columns.flatMap(({ embedder = base?.embedders[0], reranker, mode, context: reads, llm }) => [
    ...(reads === 'retrieved' && mode !== 'bm25' && embedder ? [embedder] : []),
    ...(reads === 'retrieved' && reranker ? [reranker] : []),
    ...(llm === 'none' || isServed(context.paths, llm) ? [] : [llm]),
  ]);
  for (const id of new Set(ids)) {
    try {
      await needModels(context, [id], pull);
    } catch (error) {
      if (context.signal.aborted || toRagtuiError(error).code === 'cancelled') throw error;
    }
  }
}

type Show = (column: number, event: CompareEvent) => void;

/** Without --stream: only how far it is. */
const remarks =
  (out: Output, names: readonly string[]): Show =>
  (column, event) => {
    if (event.type === 'status') out.progress(`${names[column]}: ${event.text}`);
    else if (event.type === 'began') out.progress(`asking ${names[column]}`);
    else if (event.type === 'prompt' && event.cut) out.note(`${names[column]}: ${event.cut}`);
  };

/** With --stream: JSON lines, or the text of whichever column speaks, under its name. */
function streamer(out: Output, names: readonly string[]): Show {
  let speaking = -1;
  return (column, event) => {
    const name = names[column] ?? '';
    if (out.json) {
      out.jsonLine(event.type === 'ended' ? { type: 'ended', ...columnJson(event.result) } : { name, ...event });
    } else if (event.type === 'delta') {
      if (speaking !== column) out.stream(`${speaking === -1 ? '' : '\n'}${name}: `);
      speaking = column;
      out.clearProgress();
      out.stream(event.text);
    } else remarks(out, names)(column, event);
  };
}
