import type { Command } from 'commander';
import { z } from 'zod';
import type { KnowledgeBase } from '../../kb/types.ts';
import type { CompareEvent, Comparison } from '../../rag/compare.ts';
import type { Column } from '../../rag/types.ts';
import { columnJson, comparisonJson, comparisonLines } from '../compare-text.ts';
import type { CommandContext } from '../context.ts';
import { collect, handle, type Invocation } from '../define.ts';
import { EXIT } from '../exit-codes.ts';
import { chooseKb, withKb } from '../kb-client.ts';
import { needModels } from '../need-models.ts';
import type { Output } from '../output.ts';

const optionsSchema = z.object({
  kb: z.string().min(1).optional(),
  column: z.array(z.string()).min(1, 'name at least one column').max(6, 'at most six columns'),
  order: z.enum(['rotate', 'together'], 'rotate or together').default('rotate'),
  passage: z.string().min(1).optional(),
  stream: z.boolean().default(false),
  pull: z.boolean().default(true),
});
type Options = z.output<typeof optionsSchema>;

/** `ragtui compare "question" --kb NAME --column … --column …`. */
export function addCompare(program: Command, invocation: Invocation): void {
  const command = program
    .command('compare')
    .description('put one question to several columns: LLM, embedder, retrieval and prompt of each')
    .argument('<question>')
    .option('--kb <name>', 'the knowledge base (default: the settings, else the only one)')
    .requiredOption(
      '--column <settings>',
      'name=,llm=ID|none,embedder=,group=,mode=,top-k=,reranker=,instruction=on|off,context=retrieved|gold|none,' +
        'prompt=,temperature=,seed=,max-tokens=; repeatable',
      collect,
    )
    .option('--order <order>', 'rotate: one after another; together: all at once (default: rotate)')
    .option('--passage <text>', 'what columns with context=gold read')
    .option('--stream', 'show answers as they come; with --json one event a line')
    .option('--no-pull', 'do not fetch a missing default model');
  const schemas = {
    args: z.tuple([z.string().trim().min(1, 'the question is empty')]),
    options: optionsSchema,
  };
  handle(command, invocation, schemas, runCompare);
}

async function runCompare(context: CommandContext, [question]: [string], options: Options): Promise<number> {
  const { parseColumns } = await import('../../rag/columns.ts');
  const { compare } = await import('../../rag/compare.ts');
  const { llmResolver } = await import('../../serving/resolve.ts');
  const { loadSettings } = await import('../../platform/config.ts');
  const { out, paths, signal } = context;
  const columns = parseColumns(options.column);
  const { settings } = loadSettings(paths.configFile);
  return withKb(context, async (kb) => {
    const base = await chooseKb(context, kb, options.kb);
    await pullDefaults(context, base, columns, options.pull);
    const names = columns.map(({ name }) => name);
    const { passage, order, stream } = options;
    const show = stream ? streamer(out, names) : remarks(out, names);
    const comparison = await compare(
      { kb, paths, resolveLlm: llmResolver(paths), prompts: settings.prompts },
      { question, kb: base.name, columns, order, ...(passage === undefined ? {} : { passage }) },
      { signal, onEvent: show },
    );
    return report(out, comparison, stream);
  });
}

/** Pulls the default models that are missing. What cannot be had is the fault of the columns that need it. */
async function pullDefaults(
  context: CommandContext,
  base: KnowledgeBase,
  columns: readonly Column[],
  pull: boolean,
): Promise<void> {
  const { isServed } = await import('../../serving/resolve.ts');
  const ids = columns.flatMap(({ embedder = base.embedders[0], reranker, mode, context: reads, llm }) => [
    ...(reads === 'retrieved' && mode !== 'bm25' && embedder ? [embedder] : []),
    ...(reads === 'retrieved' && reranker ? [reranker] : []),
    ...(llm === 'none' || isServed(context.paths, llm) ? [] : [llm]),
  ]);
  for (const id of new Set(ids)) {
    try {
      await needModels(context, [id], pull);
    } catch (error) {
      if (context.signal.aborted) throw error;
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

function report(out: Output, comparison: Comparison, streamed: boolean): number {
  out.clearProgress();
  const { columns } = comparison;
  if (out.json && streamed) out.jsonLine({ type: 'done', ...comparisonJson(comparison) });
  else {
    if (streamed) out.stream('\n\n');
    const width = out.stdout.isTTY ? (out.stdout.columns ?? 80) : 0;
    out.result(comparisonJson(comparison), () => comparisonLines(comparison, width));
  }
  if (columns.some(({ state }) => state === 'cancelled')) return EXIT.interrupted;
  return columns.every(({ state }) => state === 'failed') ? EXIT.failed : EXIT.done;
}
