import type { Command } from 'commander';
import { z } from 'zod';
import type { EngineDevice } from '../../engines/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { TrainingPlan } from '../../training/llm-plan.ts';
import type { EmbedderTraining } from '../../training/types.ts';
import type { CommandContext } from '../context.ts';
import { collect, handle, type Invocation } from '../define.ts';
import { forecastLines } from '../forecast-text.ts';
import { jobToEnd } from '../job-to-end.ts';
import { jobJson } from './jobs.ts';
import { addEmbedderOptions, embedderFields, embedderOptionsOf } from './train-embedder.ts';

const optionsSchema = z.object({
  dataset: z.string().min(1),
  split: z.string().min(1).default('train'),
  base: z.string().min(1),
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'use small letters, digits, ".", "_" and "-"'),
  preset: z.enum(['cpu', 'tutorial']).optional(),
  set: z.array(z.string()).default([]),
  limit: z.coerce.number().int().positive().optional(),
  seed: z.coerce.number().int().nonnegative().default(42),
  gpus: z.coerce.number().int().positive().optional(),
  allowUnservable: z.boolean().default(false),
  allowOversize: z.boolean().default(false),
  measure: z.boolean().default(false),
  template: z.string().min(1).optional(),
  system: z.string().min(1).optional(),
  ...embedderFields,
  dryRun: z.boolean().default(false),
  wait: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

const KINDS = {
  llm: { kind: 'train-llm', engine: 'llamafactory', what: 'a LoRA adapter of an LLM (LLaMA-Factory)' },
  embedder: { kind: 'train-embedder', engine: 'flagembedding', what: 'an embedder (FlagEmbedding)' },
} as const;
type What = keyof typeof KINDS;

/** `ragtui train llm|embedder`. */
export function addTrain(program: Command, invocation: Invocation): void {
  const train = program.command('train').description('tune a model on a dataset, as a job');
  for (const what of ['llm', 'embedder'] as const) {
    const command = train
      .command(what)
      .description(`train ${KINDS[what].what}`)
      .requiredOption('--dataset <name>', 'the dataset (NAME or NAME@VERSION)')
      .requiredOption('--base <id>', 'the model to start from')
      .requiredOption('--name <name>', 'what the result is called')
      .option('--split <part>', 'part of the dataset; "all" for every row (default: train)')
      .option('--preset <preset>', 'cpu or tutorial (default: by the device the engine was installed for)')
      .option('--set <key=value>', "a setting of the engine's own; repeatable", collect)
      .option('--limit <rows>', 'use only the first rows of the part')
      .option('--seed <n>', 'default: 42')
      .option('--gpus <n>', 'GPUs it has for itself (default: 1 on CUDA)')
      .option('--allow-oversize', 'also try what needs more memory or disk than there is, by the forecast')
      .option('--measure', 'first run a few steps in a folder of its own, for the time they take')
      .option('--dry-run', 'show what would run and what it needs, start nothing')
      .option('--wait', 'stay until the job ends');
    if (what === 'llm') addLlmOptions(command);
    else addEmbedderOptions(command);
    handle(command, invocation, { args: z.tuple([]), options: optionsSchema }, (context, _, options) =>
      start(context, what, options),
    );
  }
}

function addLlmOptions(command: Command): void {
  command
    .option('--template <name>', "LLaMA-Factory's chat template (default: the one that writes as the model's own does)")
    .option('--system <text>', 'system text of every row, in training and in serving (default: the rows’ own)')
    .option('--allow-unservable', 'also train what no server here can load, such as DoRA');
}

async function start(context: CommandContext, what: What, options: Options): Promise<number> {
  const { out, paths } = context;
  const { engineStatus, installedEngine } = await import('../../engines/store.ts');
  const { machineDevice } = await import('../../engines/device.ts');
  const { parseSettings } = await import('../../training/settings.ts');
  const { kind, engine } = KINDS[what];
  const device = engineStatus(paths, engine).manifest?.device ?? machineDevice();
  const embedder = what === 'embedder' ? embedderOptionsOf(options) : undefined;
  const training: EmbedderTraining = {
    dataset: options.dataset,
    split: options.split,
    base: options.base,
    name: options.name,
    preset: options.preset ?? (device === 'cpu' ? 'cpu' : 'tutorial'),
    settings: parseSettings(options.set),
    seed: options.seed,
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(options.gpus === undefined ? {} : { gpus: options.gpus }),
    ...(options.allowUnservable ? { allowUnservable: true } : {}),
    ...(options.template === undefined ? {} : { template: options.template }),
    ...(options.system === undefined ? {} : { system: options.system }),
    ...(embedder === undefined ? {} : { embedder }),
  };
  if (device === 'cpu' && training.preset === 'tutorial') {
    throw new RagtuiError('usage', "The tutorial's preset needs a GPU (fp16).", 'Use --preset cpu.');
  }
  if (options.measure) await measure(context, what, training, device);
  const first = await planOf(context, what, training, device);
  if (options.dryRun) {
    out.result({ kind, training, plan: first }, () => planLines(first));
    return 0;
  }
  installedEngine(paths, engine);
  await needBase(context, what, training.base);
  // Only now may its shape be known.
  const plan = first.forecast.memory ? first : await planOf(context, what, training, device);
  const { obstacleSentence, refuseHopeless } = await import('../../training/forecast/refusal.ts');
  refuseHopeless(plan.forecast, { oversize: options.allowOversize });
  for (const obstacle of plan.forecast.verdict.obstacles) out.note(`This may not fit: ${obstacleSentence(obstacle)}.`);
  const { launchJob } = await import('../../jobs/launcher.ts');
  const { ensureWorkspace } = await import('../../platform/paths.ts');
  ensureWorkspace(paths);
  const job = await launchJob(paths, { kind, ...training });
  if (!options.wait) {
    out.result(
      { job: jobJson(job) },
      () => `Started ${job.spec.id} (${plan.rows} rows). Follow it: ragtui jobs logs -f ${job.spec.id}`,
    );
    return 0;
  }
  out.note(`${job.spec.id}: ${plan.rows} rows of ${training.dataset} (${training.split})`);
  const made: string[] = [];
  return jobToEnd(context, job, {
    onEvent: (event) => {
      if (event.type === 'artifact') made.push(`made ${event.name} (${event.path})`);
    },
    done: () => made,
  });
}

/** Runs a few steps of it; what they took is in every forecast from then on. */
async function measure(
  context: CommandContext,
  what: What,
  training: EmbedderTraining,
  device: EngineDevice,
): Promise<void> {
  const { out, paths, signal } = context;
  // What is wrong with it is said before a model is pulled and an engine started.
  await planOf(context, what, training, device);
  await needBase(context, what, training.base);
  const { measureTraining } = await import('../../training/forecast/measure.ts');
  await measureTraining(paths, { kind: KINDS[what].kind, ...training }, { signal, onLog: (text) => out.note(text) });
}

async function planOf(
  { paths, signal }: CommandContext,
  what: What,
  training: EmbedderTraining,
  device: EngineDevice,
): Promise<TrainingPlan> {
  const { planEmbedder } = await import('../../training/embedder-plan.ts');
  const { planLlm } = await import('../../training/llm-plan.ts');
  const { slowFacts } = await import('../../training/forecast/slow-facts.ts');
  const plan = what === 'llm' ? planLlm : planEmbedder;
  // Names and keys first: what is wrong with them is said at once.
  plan(paths, training);
  return plan(paths, training, await slowFacts(paths, { engine: KINDS[what].engine, training, device }, signal));
}

/** The base is pulled when it is not here: it was named. */
async function needBase(context: CommandContext, what: What, base: string): Promise<void> {
  const { modelStatus } = await import('../../models/store.ts');
  const { findEmbedderBase } = await import('../../training/embedder-base.ts');
  const { pullOne } = await import('../need-models.ts');
  const id = what === 'llm' ? base : findEmbedderBase(context.paths, base).id;
  if (modelStatus(context.paths, id).state !== 'present') await pullOne(context, id);
}

const TEMPLATE_HOW = {
  compared: "writes what the model's own chat template does",
  unseen: 'checked when the training begins',
} as const;

function planLines({ rows, command, files, template, forecast, notes = [] }: TrainingPlan): string[] {
  return [
    `rows     ${rows}`,
    ...(template ? [`template ${template.name} (${TEMPLATE_HOW[template.how]})`] : []),
    ...notes.map((note) => `note     ${note}`),
    ...forecastLines(forecast),
    `command  ${command.join(' ')}`,
    ...Object.entries(files).flatMap(([name, text]) => [
      '',
      `${name}:`,
      ...text
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`),
    ]),
  ];
}
