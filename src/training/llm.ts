import { mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { exportLlamaFactory } from '../datasets/exporters/llamafactory.ts';
import { installedEngine } from '../engines/store.ts';
import { jobFiles } from '../jobs/folder.ts';
import type { JobContext } from '../jobs/worker.ts';
import { installedModel } from '../models/store.ts';
import { RagtuiError } from '../platform/errors.ts';
import { writeJsonAtomic, writeTextAtomic } from '../platform/files.ts';
import { type TransformersBase, transformersBase } from './base-llm.ts';
import { CheckpointWatch } from './checkpoints.ts';
import { zeroFile } from './deepspeed.ts';
import { FailureWatch } from './failures/report.ts';
import { finalSaveProblem, isFinished, saveFromCheckpoint } from './final-save.ts';
import { RememberedRun } from './forecast/remember-run.ts';
import { effectiveBatch, llmSettings, makesAdapter } from './llm-config.ts';
import { LLM_SCRIPT, launchOf } from './llm-launch.ts';
import { templateFor } from './llm-plan.ts';
import { noteDraft, noteSeconds, readDraft, registerResult, type Trained } from './llm-result.ts';
import { MetricFeed } from './metrics.ts';
import { openTrainingData, part } from './open-data.ts';
import { phase } from './phase.ts';
import type { TrainingPlace } from './place.ts';
import { placeOf } from './place-of.ts';
import { copyScripts } from './script.ts';
import { ggufChat, type ServingChat, transformersChat } from './serving-chat.ts';
import { tellDone } from './tell-done.ts';
import type { TemplateChoice } from './template-choice.ts';
import { TemplateGuard } from './template-guard.ts';
import { prepareRows, type TrainingRows } from './training-rows.ts';
import { askedOf, type Begun, beginTuned, stepOf } from './tuned.ts';
import type { Setting } from './types.ts';
import { toYaml } from './yaml.ts';

type Context = JobContext<'train-llm'>;

/** Relative to the job's folder: LLaMA-Factory's launcher cuts its command line at spaces. */
const YAML = 'train.yaml';

/** The body of a `train-llm` job: base and data made ready, LLaMA-Factory run to its end, what came of it registered. */
export async function trainLlm(context: Context): Promise<void> {
  const { work, paths, report, signal } = context;
  const place = await placeOf(context, 'llamafactory');
  const { engine } = place;
  report.progress(phase('preparing the base'));
  const base = await transformersBase(
    paths,
    work.base,
    () => (place.host === '' ? engine : installedEngine(paths, engine.name)),
    {
      signal,
      onLog: (text) => report.log('info', text),
      float32: engine.device === 'cpu' && !place.bfloat16,
    },
  );
  const template = templateFor(paths, work);
  if (!template) throw new RagtuiError('internal', `The base ${work.base} was made and has no template.`);
  const result = makesAdapter(work) ? 'adapter' : 'model';
  let begun = begin(context, result);
  if (begun.trained) tellDone(report, begun.folder);
  if (!begun.trained) {
    if (!place.goesOn && finish(context, begun, result)) tellDone(report, begun.folder);
    else await train(context, { place, base, template, begun });
    if (signal.aborted) return;
    const problem = finalSaveProblem(begun.folder.train, result);
    if (problem) {
      // What was saved on the way is whole: the last save is done again from there.
      rmSync(begun.folder.trained, { force: true });
      report.log('warn', `The final save is not whole (${problem}): it is done again`);
      begun = begin(context, result);
      const again = finish(context, begun, result);
      if (!again && begun.checkpoint) {
        await train(context, { place: await placeOf(context, 'llamafactory'), base, template, begun });
      }
      if (signal.aborted) return;
      const still = finalSaveProblem(begun.folder.train, result);
      if (still) {
        throw new RagtuiError(
          'unavailable',
          `LLaMA-Factory ended well but ${still}.`,
          `See ${jobFiles(context.folder).stdout}.`,
        );
      }
    }
  }
  await registerResult({ context, engine, base, template, tuned: begun.folder });
  rmSync(begun.folder.cache, { recursive: true, force: true });
}

/** Finds how far an earlier job came; an end that it wrote down counts only if what it saved is whole. */
function begin({ work, paths, report }: Context, result: 'adapter' | 'model'): Begun {
  const asked = askedOf('train-llm', work);
  const begun = beginTuned(paths, asked);
  const problem = begun.trained ? finalSaveProblem(begun.folder.train, result) : undefined;
  if (!problem) return begun;
  report.log('warn', `The final save of an earlier job is not whole: ${problem}`);
  rmSync(begun.folder.trained, { force: true });
  return beginTuned(paths, asked);
}

/**
 * Where the last checkpoint is of the last step, its weights are the result: the engine, started again there, would do a
 * step too many. False: there is something left to train.
 */
function finish(context: Context, { folder, checkpoint }: Begun, result: 'adapter' | 'model'): boolean {
  const draft = readDraft(folder);
  if (!checkpoint || !draft || !isFinished(checkpoint)) return false;
  context.report.log('info', `All steps were done: the result is taken from ${path.basename(checkpoint)}`);
  saveFromCheckpoint(folder.train, checkpoint, result);
  writeJsonAtomic(folder.trained, { ...draft, steps: stepOf(checkpoint), totalSteps: stepOf(checkpoint) });
  return true;
}

interface TrainInput {
  readonly place: TrainingPlace;
  readonly base: TransformersBase;
  readonly template: TemplateChoice;
  readonly begun: Begun;
}

async function train(context: Context, { place, base, template, begun }: TrainInput): Promise<void> {
  const { work, paths, folder, report, signal } = context;
  const { folder: tuned, checkpoint } = begun;
  const { engine, nodes, perNode, workFolder } = place;
  const processes = nodes * perNode;
  const there = await place.place(base.folder, tuned);
  const data = path.join(workFolder, 'data');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const exported = await exportLlamaFactory(openTrainingData(paths, work), part(work.split), data, work.system);
  const rows = prepareRows(exported.rowsFile, {
    trim: template.trims,
    ...(work.limit === undefined ? {} : { limit: work.limit }),
    ...(work.system === undefined ? {} : { system: work.system }),
  });
  const settings = llmSettings(work, {
    basePath: there.base,
    template: template.name,
    datasetName: exported.dataset,
    datasetFolder: `${there.work}/data`,
    outputFolder: there.output,
    devices: processes,
  });
  tellRows(context, rows, template, checkpoint);
  tellBatch(context, settings, place);
  writeTextAtomic(path.join(workFolder, YAML), toYaml(settings));
  const zero = zeroFile(String(settings['deepspeed'] ?? ''));
  if (zero !== undefined) writeTextAtomic(path.join(workFolder, String(settings['deepspeed'])), zero);

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
  if (nodes > 1) copyScripts(workFolder, LLM_SCRIPT);
  const size = { nodes, perNode, scripts: there.work };
  const { args, env, depth } = launchOf(engine, YAML, size, place.host === '' ? process.env : {});
  const session = new SessionClock((seconds) => noteSeconds(tuned, place.session, seconds));
  let drafted = false;
  const trained = (): Trained => ({
    steps: Math.max(feed.last.step, stepOf(checkpoint ?? '-0')),
    totalSteps: feed.last.totalSteps,
    rows: rows.conversations.length,
    system: rows.systems[0] ?? '',
    templateCheck: guard.verdict,
    settings,
  });
  const run = {
    program: engine.python,
    args,
    cwd: workFolder,
    env: place.host === '' ? { ...env, HF_HOME: tuned.cache } : env,
    stdout: files.stdout,
    stderr: files.stderr,
    signal,
    depth,
    giveUp: guard.stop,
    onStart: (pid: number) => watch.started(pid),
    onLook: () => {
      guard.look();
      if (guard.done && !drafted) {
        // Whoever finishes this training knows what it was begun with.
        drafted = true;
        noteDraft(tuned, trained());
      }
      feed.look();
      watch.look();
      checkpoints.look();
      session.look();
    },
    onAgain: (step: number) => feed.again(step),
    onLog: (text: string) => report.log('info', text),
  };
  const exit = await place.run(run, tuned);
  checkpoints.look(true);
  if (exit.seconds === undefined) session.end();
  else noteSeconds(tuned, place.session, exit.seconds);
  guard.throwIfDifferent();
  if (signal.aborted) return;
  await failures.throwIfFailed(exit, endOf(tuned.train, feed.last, settings));
  // What another machine takes for a step says nothing of this one.
  if (place.host === '') await watch.remember(paths, work);
  writeJsonAtomic(tuned.trained, trained());
}

/** Where it ended. What its rows say counts unless the engine's own state, written last, says that it came to its end. */
function endOf(folder: string, { step, totalSteps }: MetricFeed['last'], settings: Readonly<Record<string, Setting>>) {
  const mayEnd = settings['early_stopping_steps'] !== undefined || isFinished(folder);
  return { step, totalSteps: mayEnd ? step : totalSteps };
}

const NOTE_MS = 5000;

/** Tells how many seconds a session has taken: now and then, and at its end. */
class SessionClock {
  readonly #tell: (seconds: number) => void;
  readonly #startedAt = performance.now();
  #toldAt = performance.now();

  constructor(tell: (seconds: number) => void) {
    this.#tell = tell;
  }

  look(): void {
    if (performance.now() - this.#toldAt >= NOTE_MS) this.end();
  }

  end(): void {
    this.#toldAt = performance.now();
    this.#tell((this.#toldAt - this.#startedAt) / 1000);
  }
}

function tellBatch(
  { report }: Context,
  settings: Readonly<Record<string, Setting>>,
  { nodes, perNode }: TrainingPlace,
): void {
  const batch = effectiveBatch(settings, nodes * perNode);
  if (batch === undefined) return;
  const processes =
    nodes > 1 ? ` on ${nodes} nodes, ${perNode} ${perNode === 1 ? 'process' : 'processes'} on each` : '';
  const on = processes || (perNode > 1 ? ` on ${perNode} GPUs` : '');
  report.log('info', `Effective batch ${batch}${on}`);
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

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
