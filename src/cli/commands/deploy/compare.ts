import type { Command } from 'commander';
import { z } from 'zod';
import { type ServeEngine, serveEngineSchema } from '../../../serving/types.ts';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';

const compareSchema = z.object({ engine: serveEngineSchema.exclude(['onnx']).optional() });

/** `ragtui deploy compare`. */
export function addDeployCompare(deploy: Command, invocation: Invocation): void {
  const compare = deploy
    .command('compare')
    .description('serve a tune beside its base, on one engine, and say how to ask both the questions it never saw')
    .argument('<name>', 'an adapter, a tuned model, or the job that trained it')
    .option('--engine <engine>', 'llama or vllm (default: the server of its base that runs)');
  handle(compare, invocation, { args: z.tuple([z.string().min(1)]), options: compareSchema }, runCompare);
}

async function runCompare(
  { out, paths, signal }: CommandContext,
  [given]: [string],
  { engine }: { engine?: Exclude<ServeEngine, 'onnx'> | undefined },
): Promise<undefined> {
  const { serveBeside } = await import('../../../serving/beside.ts');
  const { findTune, tuneAsked } = await import('../../../serving/tune-asked.ts');
  const { listDatasets } = await import('../../../datasets/store.ts');
  const { heldOutPart } = await import('../../../datasets/held-out.ts');
  const name = await trainedBy(paths, given);
  const served = await serveBeside(paths, name, {
    signal,
    onStatus: (text) => out.progress(text),
    ...(engine === undefined ? {} : { engine }),
  });
  out.clearProgress();
  const { dataset, datasetVersion: version, split } = findTune(paths, name)?.lineage ?? {};
  const manifest = listDatasets(paths).find((one) => one.name === dataset);
  const part =
    manifest && typeof split === 'string' ? heldOutPart(manifest, split, String(version ?? manifest.version)) : null;
  const { prompt = 'sft', reads = true } = tuneAsked(paths, name) ?? {};
  const context = !reads ? ',context=none' : part === null ? '' : ',context=gold';
  const columns = [
    `name=base,llm=${served.base}@${served.engine},prompt=${prompt}${context}`,
    `name=tuned,llm=${name}@${served.engine},prompt=${prompt}${context}`,
  ];
  const words = part === null ? ['"question"'] : ['--row', `${dataset}/${part}:0`];
  const command = `ragtui compare ${[...words, ...columns.map((column) => `--column ${column}`)].join(' ')}`;
  out.result({ ...served, dataset: part === null ? null : dataset, part, columns, command }, () => [
    `${served.base} and ${name} are served by ${served.engine} (${served.job}).`,
    ...(part === null ? ['No questions are known that its training did not see.'] : []),
    command,
  ]);
}

/** The adapter that a training made, or the name as it is. */
async function trainedBy(paths: CommandContext['paths'], given: string): Promise<string> {
  const { jobIdSchema } = await import('../../../jobs/types.ts');
  if (!jobIdSchema.safeParse(given).success) return given;
  const { readJob } = await import('../../../jobs/registry.ts');
  const { work } = readJob(paths, given).spec;
  return work.kind === 'train-llm' ? work.name : given;
}
