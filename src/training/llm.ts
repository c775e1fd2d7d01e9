import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { exportLlamaFactory } from '../datasets/exporters/llamafactory.ts';
import { SFT_SYSTEM } from '../datasets/render.ts';
import { engineEnvironment } from '../engines/definitions.ts';
import { type InstalledEngine, installedEngine } from '../engines/store.ts';
import { jobFiles } from '../jobs/folder.ts';
import type { JobContext } from '../jobs/worker.ts';
import { addAdapter } from '../models/own.ts';
import { installedModel } from '../models/store.ts';
import { RagtuiError } from '../platform/errors.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import { type TransformersBase, transformersBase } from './base-llm.ts';
import { CheckpointWatch } from './checkpoints.ts';
import { zeroFile } from './deepspeed.ts';
import { runEngine } from './engine-process.ts';
import { FailureWatch } from './failures/report.ts';
import { RememberedRun } from './forecast/remember-run.ts';
import { keepFiles } from './keep-files.ts';
import { llmSettings } from './llm-config.ts';
import { templateFor } from './llm-plan.ts';
import { MetricFeed } from './metrics.ts';
import { openTrainingData, part } from './open-data.ts';
import { ggufChat, type ServingChat, transformersChat } from './serving-chat.ts';
import type { TemplateChoice } from './template-choice.ts';
import { TemplateGuard } from './template-guard.ts';
import { prepareRows, type TrainingRows } from './training-rows.ts';
import { askedOf, type Begun, beginTuned, stepOf } from './tuned.ts';
import type { Setting } from './types.ts';
import { writeFileAtomic } from './write-file.ts';
import { toYaml } from './yaml.ts';

type Context = JobContext<'train-llm'>;

/** Relative to the job's folder: LLaMA-Factory's launcher cuts its command line at spaces. */
const YAML = 'train.yaml';

/** The body of a `train-llm` job: base and data made ready, LLaMA-Factory run to its end, the adapter registered. */
export async function trainLlm(context: Context): Promise<void> {
  const { work, paths, report, signal } = context;
  const engine = installedEngine(paths, 'llamafactory');
  const begun = beginTuned(paths, askedOf('train-llm', work));
  report.progress(phase('preparing the base'));
  const base = await transformersBase(paths, work.base, engine, { signal, onLog: (text) => report.log('info', text) });
  const template = templateFor(paths, work);
  if (!template) throw new RagtuiError('internal', `The base ${work.base} was made and has no template.`);
  if (!begun.trained) await train(context, engine, base, template, begun);
  if (signal.aborted) return;
  await register(context, engine, base, template, begun);
  rmSync(begun.folder.cache, { recursive: true, force: true });
}

async function train(
  context: Context,
  engine: InstalledEngine,
  base: TransformersBase,
  template: TemplateChoice,
  { folder: tuned, checkpoint }: Begun,
): Promise<void> {
  const { work, paths, folder, report, signal } = context;
  const data = path.join(folder, 'data');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const exported = await exportLlamaFactory(openTrainingData(paths, work), part(work.split), data, work.system);
  const rows = prepareRows(exported.rowsFile, {
    trim: template.trims,
    ...(work.limit === undefined ? {} : { limit: work.limit }),
    ...(work.system === undefined ? {} : { system: work.system }),
  });
  tellRows(context, rows, template, checkpoint);
  const settings = llmSettings(work, {
    basePath: base.folder,
    template: template.name,
    datasetName: exported.dataset,
    datasetFolder: data,
    outputFolder: tuned.train,
  });
  writeFileAtomic(path.join(folder, YAML), toYaml(settings));
  const zero = zeroFile(String(settings['deepspeed'] ?? ''));
  if (zero !== undefined) writeFileAtomic(path.join(folder, String(settings['deepspeed'])), zero);

  report.progress(phase('starting LLaMA-Factory'));
  const files = jobFiles(folder);
  const printed = { file: files.stdout, from: sizeOf(files.stdout) };
  const feed = new MetricFeed(report, {
    rows: path.join(tuned.train, 'trainer_log.jsonl'),
    resumedAt: stepOf(checkpoint ?? '-0'),
    printed: { ...printed, kept: path.join(tuned.root, 'grad-norms.jsonl') },
    sessions: path.join(tuned.root, 'sessions.jsonl'),
  });
  const guard = new TemplateGuard({
    ...checkOptions(settings),
    report,
    folder,
    printed,
    template: template.name,
    conversations: rows.conversations,
    sides: await servingSides(context, base),
  });
  const checkpoints = new CheckpointWatch(report, tuned.train);
  checkpoints.look(true);
  const watch = new RememberedRun(path.join(tuned.train, 'trainer_log.jsonl'), stepOf(checkpoint ?? '-0'));
  const failures = new FailureWatch(context, 'LLaMA-Factory');
  const exit = await runEngine({
    program: engine.python,
    args: ['-m', 'llamafactory.cli', 'train', YAML],
    cwd: folder,
    env: { ...engineEnvironment('llamafactory', engine.device), HF_HOME: tuned.cache },
    stdout: files.stdout,
    stderr: files.stderr,
    signal,
    giveUp: guard.stop,
    onStart: (pid) => watch.started(pid),
    onLook: () => {
      guard.look();
      feed.look();
      watch.look();
      checkpoints.look();
    },
    onLog: (text) => report.log('info', text),
  });
  checkpoints.look(true);
  guard.throwIfDifferent();
  if (signal.aborted) return;
  await failures.throwIfFailed(exit);
  await watch.remember(paths, work);
  if (!existsSync(path.join(tuned.train, 'adapter_model.safetensors'))) {
    throw new RagtuiError('unavailable', 'LLaMA-Factory ended well but left no adapter.', `See ${files.stdout}.`);
  }
  writeJsonAtomic(tuned.trained, {
    steps: feed.last.step,
    totalSteps: feed.last.totalSteps,
    rows: rows.conversations.length,
    system: rows.systems[0] ?? '',
    templateCheck: guard.verdict,
  });
}

function tellRows(
  { work, report }: Context,
  { conversations, systems }: TrainingRows,
  template: TemplateChoice,
  checkpoint: string | undefined,
): void {
  const from = checkpoint ? `, going on from ${path.basename(checkpoint)}` : '';
  report.log('info', `${conversations.length} rows of ${work.dataset} (${work.split})${from}`);
  report.log('info', `Template ${template.name}${template.how === 'compared' ? ', as the model writes it' : ''}`);
  if (template.trims)
    report.log('info', "The model's template takes blanks off the texts: rows are trained on without");
  if (systems.length > 1) {
    report.log('warn', `Rows have ${systems.length} system texts; it will be served with the most frequent one`);
  }
}

function checkOptions(settings: Readonly<Record<string, Setting>>): { cutoff: number; packed: boolean } {
  const { cutoff_len: cutoff, packing, neat_packing: neat } = settings;
  return { cutoff: typeof cutoff === 'number' ? cutoff : ENGINE_CUTOFF, packed: packing === true || neat === true };
}
/** LLaMA-Factory's own `cutoff_len`. */
const ENGINE_CUTOFF = 2048;

/** Every server of ours that could serve the base. */
async function servingSides({ paths, work, report }: Context, base: TransformersBase): Promise<ServingChat[]> {
  const folder = await transformersChat(base.folder);
  const gguf = installedModel(paths, work.base).files['model.gguf'];
  const embedded = gguf === undefined ? undefined : ggufChat(gguf);
  if (gguf !== undefined && !embedded) report.log('warn', "The GGUF's tokenizer cannot be read here: checked for vLLM");
  return embedded ? [folder, embedded] : [folder];
}

const adapterConfigSchema = z.looseObject({ r: z.number().int(), lora_alpha: z.number() });
const trainedSchema = z.object({
  steps: z.number(),
  totalSteps: z.number(),
  rows: z.number(),
  system: z.string().default(SFT_SYSTEM),
  templateCheck: z.string().default('not checked'),
});

async function register(
  { work, paths, report, signal, spec }: Context,
  engine: InstalledEngine,
  base: TransformersBase,
  template: TemplateChoice,
  { folder: tuned }: Begun,
): Promise<void> {
  await keepFiles(tuned.train, tuned.result, ['adapter_model.safetensors', 'adapter_config.json']);
  const config = adapterConfigSchema.parse(
    JSON.parse(readFileSync(path.join(tuned.result, 'adapter_config.json'), 'utf8')),
  );
  const trained = trainedSchema.parse(JSON.parse(readFileSync(tuned.trained, 'utf8')));
  const manifest = openTrainingData(paths, work).manifest;
  const adapter = await addAdapter(
    paths,
    {
      name: work.name,
      base: work.base,
      path: tuned.result,
      basePath: base.folder,
      rank: config.r,
      alpha: config.lora_alpha,
      template: template.name,
      templateSystem: trained.system,
      lineage: {
        job: spec.id,
        dataset: manifest.name,
        datasetVersion: manifest.version,
        split: work.split,
        rows: trained.rows,
        steps: trained.steps,
        baseWeights: base.weights,
        baseRecipe: base.recipe,
        templateCheck: trained.templateCheck,
        engine: `llamafactory ${engine.versions['llamafactory'] ?? ''}`.trim(),
        torch: engine.versions['torch'] ?? '',
      },
    },
    signal,
  );
  report.artifact(work.name, tuned.result, { kind: 'adapter', ...adapter });
}

const phase = (text: string) => ({ phase: text, done: 0, total: 0, unit: 'steps', rate: null, secondsLeft: null });
const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
