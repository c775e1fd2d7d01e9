import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { datasetJson, datasetLines } from '../../dataset-text.ts';
import { handle, type Invocation } from '../../define.ts';
import { name, whole } from './arguments.ts';
import { usualInstruction } from './usual-instruction.ts';

const negativeOptions = z.object({
  count: whole.min(1, 'at least 1').default(10),
  seed: whole.optional(),
  split: z.string().optional(),
  instruction: z.string().optional(),
  name: z.string().min(1).optional(),
});

/** `ragtui dataset negatives NAME`. */
export function addNegatives(dataset: Command, invocation: Invocation): void {
  handle(
    dataset
      .command('negatives')
      .description('make retrieval rows: each question, its context, and other contexts')
      .argument('<name>')
      .option('--count <n>', 'negatives per question (default: 10)')
      .option('--split <part>', 'part of the dataset, e.g. train (default: all)')
      .option('--seed <n>', 'default: 1314')
      .option('--instruction <text>', "the embedder's query instruction (default: BGE's, by the language)")
      .option('--name <name>', 'what to call it (default: NAME-retrieval)'),
    invocation,
    { args: name, options: negativeOptions },
    negatives,
  );
}

async function negatives(
  { out, paths, signal }: CommandContext,
  [which]: [string],
  { count, seed, split: part, instruction, name: as }: z.output<typeof negativeOptions>,
): Promise<undefined> {
  const { makeRetrievalDataset } = await import('../../../datasets/negatives.ts');
  const { manifest } = await makeRetrievalDataset(paths, which, {
    count,
    signal,
    instruction: instruction ?? (await usualInstruction(paths, which)),
    ...(seed === undefined ? {} : { seed }),
    ...(part === undefined ? {} : { part }),
    ...(as === undefined ? {} : { as }),
  });
  const { rows, questions, contexts } = manifest;
  out.result({ dataset: datasetJson(manifest), rows, questions, contexts }, () => [
    `Made ${manifest.name} ${manifest.version}.`,
    ...datasetLines(manifest),
  ]);
}
