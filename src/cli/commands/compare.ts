import type { Command } from 'commander';
import { z } from 'zod';
import { RagtuiError } from '../../platform/errors.ts';
import type { CompareRequest } from '../../rag/compare.ts';
import { comparisonJson, comparisonLines } from '../compare-text.ts';
import type { CommandContext } from '../context.ts';
import { collect, handle, helpHint, type Invocation } from '../define.ts';
import { chooseKb, withKb } from '../kb-client.ts';
import { addHistory } from './compare/history.ts';
import { addRerun } from './compare/rerun.ts';
import { addSets } from './compare/sets.ts';
import { addVotes } from './compare/votes.ts';

const optionsSchema = z.object({
  kb: z.string().min(1).optional(),
  column: z.array(z.string()).max(6, 'at most six columns').default([]),
  matrix: z.array(z.string()).default([]),
  set: z.string().min(1).optional(),
  saveSet: z.string().trim().min(1).max(60, 'at most 60 characters').optional(),
  order: z.enum(['rotate', 'together'], 'rotate or together').default('rotate'),
  passage: z.string().min(1).optional(),
  reference: z.array(z.string().min(1)).default([]),
  row: z
    .string()
    .regex(/^.+:\d+$/u, 'DATASET:ROW or DATASET/PART:ROW')
    .optional(),
  stream: z.boolean().default(false),
  pull: z.boolean().default(true),
});
type Options = z.output<typeof optionsSchema>;

/** `ragtui compare "question" --kb NAME --column … --column …`, and what is done with comparisons afterwards. */
export function addCompare(program: Command, invocation: Invocation): void {
  const command = program
    .command('compare')
    .description('put one question to several columns: LLM, embedder, retrieval and prompt of each')
    .argument('[question]', 'a question that is the name of a command below is written with a space behind it')
    .option('--kb <name>', 'the knowledge base (default: the settings, else the only one)')
    .option(
      '--column <settings>',
      'name=,llm=ID|none,embedder=,group=,mode=,top-k=,reranker=,instruction=on|off,context=retrieved|gold|none,' +
        'prompt=,temperature=,seed=,max-tokens=,format=json|FILE; repeatable',
      collect,
    )
    .option('--matrix <axis>', 'llm=A,B or embedder=X,Y: every LLM with every embedder; repeatable', collect)
    .option('--set <name>', 'columns that were saved')
    .option('--save-set <name>', 'save these columns under a name')
    .option('--order <order>', 'rotate: one after another; together: all at once (default: rotate)')
    .option('--passage <text>', 'what columns with context=gold read, and what a search should find')
    .option('--reference <answer>', 'an answer known to be right: answers are scored; repeatable', collect)
    .option('--row <row>', 'DATASET:ROW or DATASET/PART:ROW (from 0): its question, answers and passage')
    .option('--stream', 'show answers as they come; with --json one event a line')
    .option('--no-pull', 'do not fetch a missing default model');
  const schemas = {
    args: z.tuple([z.string().trim().min(1, 'the question is empty').optional()]),
    options: optionsSchema,
  };
  handle(command, invocation, schemas, (context, [question], options) => {
    if (question === undefined && options.row === undefined) {
      throw new RagtuiError('usage', 'There is no question.', helpHint(command));
    }
    return runCompare(context, question, options);
  });
  addHistory(command, invocation);
  addRerun(command, invocation);
  addVotes(command, invocation);
  addSets(command, invocation);
}

async function runCompare(context: CommandContext, question: string | undefined, options: Options): Promise<number> {
  const { chooseColumns } = await import('./compare/columns.ts');
  const { askColumns, exitCodeFor } = await import('./compare/ask.ts');
  const { checkRequest } = await import('../../rag/compare.ts');
  const { needsKb } = await import('../../rag/columns.ts');
  const { NO_KB } = await import('../../rag/types.ts');
  const asked = await questionFor(context, question, options);
  return withKb(context, async (kb) => {
    const columns = await chooseColumns(kb, options);
    const base = options.kb !== undefined || needsKb(columns) ? await chooseKb(context, kb, options.kb) : null;
    const request: CompareRequest = { ...asked, kb: base?.name ?? NO_KB, columns, order: options.order };
    checkRequest(request);
    if (options.saveSet !== undefined) await kb.call('columnSets.save', { set: { name: options.saveSet, columns } });
    const { comparison, kept } = await askColumns(context, kb, base, request, options);
    const { out } = context;
    out.clearProgress();
    const json = { id: kept.id, ...comparisonJson(comparison) };
    if (out.json && options.stream) out.jsonLine({ type: 'done', ...json });
    else {
      if (options.stream) out.stream('\n\n');
      const width = out.stdout.isTTY ? (out.stdout.columns ?? 80) : 0;
      out.result(json, () => comparisonLines(comparison, width));
    }
    if (kept.id !== null) out.note(`Kept as comparison ${kept.id}: ragtui compare show ${kept.id}`);
    return exitCodeFor(comparison);
  });
}

/** The question that was typed, or that of a row of a dataset; what is typed goes before what the row says. */
async function questionFor(
  { paths }: CommandContext,
  question: string | undefined,
  { row, reference, passage }: Options,
): Promise<Pick<CompareRequest, 'question' | 'references' | 'passage' | 'source'>> {
  const typed = {
    ...(question === undefined ? {} : { question }),
    ...(reference.length === 0 ? {} : { references: reference }),
    ...(passage === undefined ? {} : { passage }),
  };
  if (row === undefined) return { question: '', ...typed };
  const { questionOfRow } = await import('../../rag/comparisons/dataset-question.ts');
  const at = row.lastIndexOf(':');
  const [dataset = '', ...part] = row.slice(0, at).split('/');
  const number = Number(row.slice(at + 1));
  const found = questionOfRow(paths, {
    dataset,
    row: number,
    ...(part.length === 0 ? {} : { part: part.join('/') }),
  });
  return { ...found, ...typed };
}
