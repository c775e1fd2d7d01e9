import { countTokens } from '../models/endpoint.ts';
import { loadSettings } from '../platform/config.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { promptFor } from '../rag/trained-prompt.ts';
import type { Column } from '../rag/types.ts';
import { llmResolver, type ResolvedLlm } from '../serving/resolve.ts';
import type { ReadyColumn } from './ask-column.ts';
import { formedPrompt } from './form.ts';
import { modelDigest } from './model-digest.ts';
import { throughOutages } from './outages.ts';
import type { AnswerForm } from './types.ts';

/** Finds prompts and starts the LLMs of a run's columns, each once. Errors: those of `findPrompt` and the LLM. */
export async function readyColumns(
  paths: WorkspacePaths,
  columns: readonly Column[],
  options: { signal: AbortSignal; onStatus: (text: string) => void; form: AnswerForm | null },
): Promise<ReadyColumn[]> {
  const { settings } = loadSettings(paths.configFile);
  const resolver = llmResolver(paths);
  // The embedded engine serves a model and its adapters from one set of weights when it knows of them at once.
  const beside = columns.flatMap(({ llm }) => (llm === 'none' ? [] : [llm]));
  const resolve = (llm: string) => resolver(llm, { ...options, beside });
  const servers = new Map<string, NonNullable<ReadyColumn['llm']>>();
  const ready: ReadyColumn[] = [];
  for (const column of columns) {
    const template = formedPrompt(promptFor(paths, column.prompt, column.llm, settings.prompts), options.form);
    if (column.llm !== 'none' && !servers.has(column.llm)) {
      const { signal, onStatus } = options;
      const endpoint = await throughOutages(() => resolve(column.llm), { signal, onStatus });
      servers.set(column.llm, {
        endpoint,
        digest: await modelDigest(paths, column.llm, endpoint),
        contextTokens: endpoint.contextTokens ?? (await contextOf(endpoint, signal)),
        again: () => resolve(column.llm),
      });
    }
    ready.push({ column, template, llm: servers.get(column.llm) ?? null });
  }
  return ready;
}

async function contextOf(endpoint: ResolvedLlm, signal: AbortSignal): Promise<number | null> {
  return (await countTokens(endpoint, [{ role: 'user', content: '?' }], { signal }))?.contextTokens ?? null;
}
