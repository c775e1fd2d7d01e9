import type { Command } from 'commander';
import { z } from 'zod';
import type { InstalledEngine } from '../../engines/store.ts';
import type { EngineDevice, EngineName } from '../../engines/types.ts';
import { farLauncher, hostOf, launcherSchema } from '../../hosts/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { TrainingField } from '../../training/fields.ts';
import type { SlowFacts } from '../../training/forecast/gather.ts';
import type { TrainingPlan } from '../../training/llm-plan.ts';
import {
  type EmbedderTraining,
  MOST_NODES,
  methodSchema,
  presetSchema,
  type Setting,
  stageSchema,
  type Training,
} from '../../training/types.ts';
import type { CommandContext } from '../context.ts';
import { collect, handle, type Invocation } from '../define.ts';
import { forecastLines } from '../forecast-text.ts';
import { jobJson } from '../job-text.ts';
import { jobToEnd } from '../job-to-end.ts';
import { addEmbedderOptions, embedderFields, embedderOptionsOf } from './train-embedder.ts';

const optionsSchema = z.object({
  dataset: z.string().min(1).optional(),
  split: z.string().min(1).default('train'),
  base: z.string().min(1).optional(),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]*$/, 'use small letters, digits, ".", "_" and "-"')
    .optional(),
  preset: presetSchema.optional(),
  method: methodSchema.optional(),
  stage: stageSchema.optional(),
  set: z.array(z.string()).default([]),
  limit: z.coerce.number().int().positive().optional(),
  seed: z.coerce.number().int().nonnegative().default(42),
  gpus: z.coerce.number().int().positive().optional(),
  nodes: z.coerce.number().int().positive().max(MOST_NODES).optional(),
  allowUnservable: z.boolean().default(false),
  allowOversize: z.boolean().default(false),
  measure: z.boolean().default(false),
  launcher: z.union([z.literal('local'), launcherSchema]).default('local'),
  template: z.string().min(1).optional(),
  system: z.string().min(1).optional(),
  ...embedderFields,
  explain: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  wait: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

const KINDS = {
  llm: { kind: 'train-llm', engine: 'llamafactory', what: 'an LLM, or an adapter of one (LLaMA-Factory)' },
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
      .option('--dataset <name>', 'the dataset (NAME or NAME@VERSION); needed')
      .option('--base <id>', 'the model to start from; needed')
      .option('--name <name>', 'what the result is called; needed')
      .option('--split <part>', 'part of the dataset; "all" for every row (default: train)')
      .option('--preset <preset>', what === 'llm' ? LLM_PRESETS : 'cpu or tutorial (default: by the engine’s device)')
      .option('--set <key=value>', "a setting of the engine's own; repeatable", collect)
      .option('--limit <rows>', 'use only the first rows of the part')
      .option('--seed <n>', 'default: 42')
      .option('--gpus <n>', 'GPUs it has for itself, on each node (default: 1 on CUDA)')
      .option('--nodes <n>', 'nodes of Slurm it runs on at once, with --launcher slurm:HOST (default: 1)')
      .option('--launcher <where>', 'local, ssh:HOST or slurm:HOST (see "ragtui hosts"); default: local')
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

const LLM_PRESETS = 'cpu, tutorial, or gpu-8gb to gpu-80gb by memory (default: by the engine’s device)';

function addLlmOptions(command: Command): void {
  command
    .option('--method <method>', 'lora, qlora, full or freeze (default: the preset’s)')
    .option('--stage <stage>', 'sft, or dpo on preference rows (default: sft)')
    .option('--template <name>', "LLaMA-Factory's chat template (default: the one that writes as the model's own does)")
    .option('--system <text>', 'system text of every row, in training and in serving (default: the rows’ own)')
    .option('--explain', 'what each preset, method and setting does, with the tutorial’s advice; starts nothing')
    .option('--allow-unservable', 'also train what no server here can load, such as DoRA');
}

async function start(context: CommandContext, what: What, options: Options): Promise<number> {
  const { out, paths } = context;
  if (options.explain) return explain(context, options);
  const { dataset, base, name } = needed(options);
  const { engineStatus, installedEngine } = await import('../../engines/store.ts');
  const { machineDevice } = await import('../../engines/device.ts');
  const { parseSettings } = await import('../../training/settings.ts');
  const { kind, engine } = KINDS[what];
  const { checkNodes } = await import('../../training/nodes.ts');
  const { findHost } = await import('../../hosts/store.ts');
  const where = farLauncher(options.launcher);
  checkNodes(options, where, where === undefined ? undefined : findHost(paths, hostOf(where)));
  const far = options.launcher === 'local' ? undefined : await farSide(context, engine, options);
  const device = far?.device ?? engineStatus(paths, engine).manifest?.device ?? machineDevice();
  const embedder = what === 'embedder' ? embedderOptionsOf(options) : undefined;
  const training: EmbedderTraining = {
    dataset,
    split: options.split,
    base,
    name,
    preset: options.preset ?? (device === 'cpu' ? 'cpu' : 'tutorial'),
    settings: parseSettings(options.set),
    seed: options.seed,
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(options.gpus === undefined ? {} : { gpus: options.gpus }),
    ...(options.nodes === undefined || options.nodes === 1 ? {} : { nodes: options.nodes }),
    ...(options.allowUnservable ? { allowUnservable: true } : {}),
    ...(options.method === undefined ? {} : { method: options.method }),
    ...(options.stage === undefined ? {} : { stage: options.stage }),
    ...(options.template === undefined ? {} : { template: options.template }),
    ...(options.system === undefined ? {} : { system: options.system }),
    ...(embedder === undefined ? {} : { embedder }),
  };
  if (device === 'cpu' && training.preset !== 'cpu') {
    throw new RagtuiError('usage', `The preset ${training.preset} needs a GPU.`, 'Use --preset cpu.');
  }
  if (options.measure) await measure(context, what, training, device);
  const first = await planOf(context, what, training, device, far);
  if (options.dryRun) {
    const place = far ? [`host     ${hostOf(options.launcher)} (${far.python}); the forecast is of this machine`] : [];
    out.result({ kind, training, launcher: options.launcher, plan: first }, () => [...place, ...planLines(first)]);
    return 0;
  }
  if (!far) installedEngine(paths, engine);
  await needBase(context, what, training.base);
  // Only now may its shape be known.
  const plan = first.forecast.memory ? first : await planOf(context, what, training, device, far);
  // The forecast is of this machine.
  if (!far) await tellFit(context, plan, options);
  const { launcherNamed } = await import('../../jobs/launchers/ssh.ts');
  const { ensureWorkspace } = await import('../../platform/paths.ts');
  ensureWorkspace(paths);
  const job = await launcherNamed(paths, options.launcher).start({ kind, ...training, dataset: plan.dataset });
  if (!options.wait) {
    out.result(
      { job: jobJson(job) },
      () => `Started ${job.spec.id} (${plan.rows} rows). Follow it: ragtui jobs logs -f ${job.spec.id}`,
    );
    return 0;
  }
  out.note(`${job.spec.id}: ${plan.rows} rows of ${plan.dataset} (${training.split})`);
  const made: string[] = [];
  return jobToEnd(context, job, {
    onEvent: (event) => {
      if (event.type === 'artifact') made.push(`made ${event.name} (${event.path})`);
    },
    done: () => made,
  });
}

/** Refuses what can never run here, and says what may not. */
async function tellFit({ out }: CommandContext, { forecast }: TrainingPlan, { allowOversize }: Options): Promise<void> {
  const { obstacleSentence, refuseHopeless } = await import('../../training/forecast/refusal.ts');
  refuseHopeless(forecast, { oversize: allowOversize });
  for (const obstacle of forecast.verdict.obstacles) out.note(`This may not fit: ${obstacleSentence(obstacle)}.`);
}

/** The engine on the host that is named. Errors: `not-found`, `unavailable`, those of the connection. */
async function farSide(
  { paths }: CommandContext,
  engine: EngineName,
  { launcher, measure: measured }: Options,
): Promise<InstalledEngine> {
  if (measured) throw new RagtuiError('usage', '--measure runs on this machine alone.', 'Leave it out.');
  const { farEngine } = await import('../../hosts/engines.ts');
  const { knownHost } = await import('../../hosts/store.ts');
  return farEngine(knownHost(paths, hostOf(launcher)), engine);
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

function needed({ dataset, base, name }: Options): { dataset: string; base: string; name: string } {
  const missing = Object.entries({ dataset, base, name }).find(([, value]) => value === undefined);
  if (dataset !== undefined && base !== undefined && name !== undefined) return { dataset, base, name };
  throw new RagtuiError('usage', `--${missing?.[0]} is missing.`, 'Needed are --dataset, --base and --name.');
}

/** The fields with their words; with `--method`, `--stage` or `--preset` those that count there. */
async function explain({ out }: CommandContext, { method, stage, preset = 'cpu' }: Options): Promise<number> {
  const { fieldsOf, METHODS, PRESETS, STAGES, TRAINING_FIELDS } = await import('../../training/fields.ts');
  const { llmSettings } = await import('../../training/llm-config.ts');
  const { t } = await import('../../ui/i18n/index.ts');
  const asked = { preset, ...(method === undefined ? {} : { method }), ...(stage === undefined ? {} : { stage }) };
  const training: Training = { dataset: 'x', split: 'all', base: 'x', name: 'x', settings: {}, seed: 0, ...asked };
  const places = { basePath: '', template: '', datasetName: '', datasetFolder: '', outputFolder: '' };
  const values = llmSettings(training, places);
  const shown = method === undefined && stage === undefined ? TRAINING_FIELDS : fieldsOf(training);
  const fields = shown.map((field) => ({
    ...field,
    value: values[field.key] ?? null,
    about: t(`training.about.${field.key}`),
  }));
  const about = {
    presets: PRESETS.map((name) => ({ name, about: t(`training.about.preset.${name}`) })),
    methods: METHODS.map((name) => ({ name, about: t(`training.about.method.${name}`) })),
    stages: STAGES.map((name) => ({ name, about: t(`training.about.stage.${name}`) })),
  };
  out.result({ preset, ...about, fields }, () => [
    ...Object.entries(about).flatMap(([title, all]) => [
      `${title}:`,
      ...all.map(({ name, about: words }) => `  ${name.padEnd(10)} ${words}`),
      '',
    ]),
    `settings (--set key=value; values of the preset ${preset}):`,
    ...fields.flatMap((field) => [`  ${field.key} ${rangeOf(field)}`.trimEnd(), `      ${field.about}`]),
  ]);
  return 0;
}

function rangeOf({ value, unit, min, max, choices }: TrainingField & { readonly value: Setting | null }): string {
  const range = choices
    ? choices.join('|')
    : max === undefined
      ? min === undefined
        ? ''
        : `from ${min}`
      : `${min ?? ''} to ${max}`;
  const said = [unit, range].filter(Boolean).join(', ');
  return `= ${value ?? '(the engine’s own)'}${said ? `  [${said}]` : ''}`;
}

async function planOf(
  { paths, signal }: CommandContext,
  what: What,
  training: EmbedderTraining,
  device: EngineDevice,
  far?: InstalledEngine,
): Promise<TrainingPlan> {
  const { planEmbedder } = await import('../../training/embedder-plan.ts');
  const { planLlm } = await import('../../training/llm-plan.ts');
  const { slowFacts } = await import('../../training/forecast/slow-facts.ts');
  const plan = (slow?: SlowFacts): TrainingPlan =>
    what === 'llm' ? planLlm(paths, training, slow, far) : planEmbedder(paths, training, slow, far);
  // Names and keys first: what is wrong with them is said at once.
  plan();
  return plan(await slowFacts(paths, { engine: KINDS[what].engine, training, device }, signal));
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

function planLines({
  rows,
  dataset,
  command,
  files,
  template,
  method,
  stage,
  effectiveBatch,
  forecast,
  notes = [],
}: TrainingPlan): string[] {
  return [
    `rows     ${rows} of ${dataset}`,
    ...(method ? [`method   ${method}, ${stage ?? 'sft'}`] : []),
    ...(effectiveBatch === undefined ? [] : [`batch    ${effectiveBatch} rows a step`]),
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
