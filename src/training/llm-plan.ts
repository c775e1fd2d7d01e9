import path from 'node:path';
import { SFT_SYSTEM } from '../datasets/render.ts';
import type { DatasetKind } from '../datasets/types.ts';
import { machineDevice } from '../engines/device.ts';
import { engineStatus, type InstalledEngine } from '../engines/store.ts';
import type { EngineDevice } from '../engines/types.ts';
import { findModel } from '../models/store.ts';
import { errorCode, RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { baseTemplate, transformersFolder } from './base-llm.ts';
import { checkLlmKeys, checkMethod, checkServable } from './check-settings.ts';
import { forecastTraining } from './forecast/forecast.ts';
import { type BaseFacts, gatherFacts, type SlowFacts } from './forecast/gather.ts';
import type { Forecast } from './forecast/types.ts';
import { KEYS_VERSION } from './llamafactory-keys.ts';
import { effectiveBatch, llmSettings, methodOf, stageOf } from './llm-config.ts';
import { llmArguments, onNodes } from './llm-launch.ts';
import { openTrainingData, part, withVersion } from './open-data.ts';
import { processesOf, processesOfNode } from './processes.ts';
import { checkTemplateName, chooseTemplate, type TemplateChoice } from './template-choice.ts';
import { askedOf, checkTunedName, tunedFolder } from './tuned.ts';
import type { Method, Setting, Stage, Training } from './types.ts';
import { toYaml } from './yaml.ts';

/** What a training would run, before anything is started. */
export interface TrainingPlan {
  readonly rows: number;
  /** The dataset with the version it would learn from. */
  readonly dataset: string;
  readonly command: readonly string[];
  /** Files it would write first, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Of an LLM, once its base is on this disk. */
  readonly template?: TemplateChoice;
  /** What it will need. */
  readonly forecast: Forecast;
  /** What else is worth knowing before it starts, a sentence each. */
  readonly notes?: readonly string[];
  /** Of an LLM. */
  readonly method?: Method;
  readonly stage?: Stage;
  /** Rows that one step learns from, on all GPUs together. */
  readonly effectiveBatch?: number;
}

/**
 * The chat template a training uses: chosen by comparing what LLaMA-Factory writes with the base's own. Undefined while
 * the base is not on this disk: then it is chosen when the training begins. Errors: `usage`, `invalid`, `unsupported`.
 */
export function templateFor(
  paths: WorkspacePaths,
  { base, system = SFT_SYSTEM, template }: Pick<Training, 'base' | 'system' | 'template'>,
): TemplateChoice | undefined {
  if (template !== undefined) checkTemplateName(template);
  const own = baseTemplate(paths, base);
  return own && chooseTemplate(own, system, template);
}

/** Checks all that is named and says what would run. Throws `not-found`, `usage`, `exists`, `unsupported`. */
export function planLlm(
  paths: WorkspacePaths,
  training: Training,
  slow: SlowFacts = {},
  /** The engine of another host that it is to run on. */
  far?: Pick<InstalledEngine, 'device' | 'versions'>,
): TrainingPlan {
  const entry = findModel(paths, training.base);
  if (entry.kind !== 'chat') {
    throw new RagtuiError(
      'usage',
      `"${training.base}" is no LLM but a model of kind ${entry.kind}.`,
      'Choose another --base.',
    );
  }
  const template = slow.base ? chosen(slow.base.template) : templateFor(paths, training);
  // An environment of the user's own may be of another version, whose keys we do not know.
  const manifest = far ?? engineStatus(paths, 'llamafactory').manifest;
  const device = manifest?.device ?? machineDevice();
  const version = manifest?.versions['llamafactory'];
  if (version === undefined || version === KEYS_VERSION) checkLlmKeys(training.settings);
  if (!training.allowUnservable) checkServable(training);
  checkMethod(training, { device, versions: manifest?.versions });
  const dataset = openTrainingData(paths, training);
  checkRows(dataset.kind, stageOf(training));
  checkTunedName(paths, askedOf('train-llm', training));
  const settings = finalLlmSettings(paths, training, template?.name);
  const batch = effectiveBatch(settings, processesOf(training, device));
  const rows = dataset.count(part(training.split));
  return {
    rows: Math.min(rows, training.limit ?? rows),
    dataset: withVersion(dataset),
    command: ['python', ...commandOf(training, device)],
    files: { 'train.yaml': toYaml(settings) },
    ...(template ? { template } : {}),
    forecast: forecastTraining(
      gatherFacts(paths, {
        engine: 'llamafactory',
        training,
        dataset,
        settings,
        base: training.base,
        slow,
        ...(far ? { there: far.device } : {}),
      }),
    ),
    method: methodOf(training),
    stage: stageOf(training),
    ...(batch === undefined ? {} : { effectiveBatch: batch }),
  };
}

function commandOf(training: Training, device: EngineDevice): readonly string[] {
  const { nodes = 1 } = training;
  const yaml = 'train.yaml';
  if (nodes < 2) return llmArguments(yaml);
  return onNodes({ nodes, perNode: processesOfNode(training, device), scripts: '<job>' }, yaml);
}

function chosen(found: BaseFacts['template']): TemplateChoice | undefined {
  if (!found) return undefined;
  if ('choice' in found) return found.choice;
  const { code, message, hint } = found.refused;
  throw new RagtuiError(errorCode(code), message, hint);
}

/** All that will be written into LLaMA-Factory's file. Throws `usage` for a key that is ours. */
export function finalLlmSettings(
  paths: WorkspacePaths,
  training: Training,
  template: string | undefined = templateFor(paths, training)?.name,
): Record<string, Setting> {
  return llmSettings(training, {
    basePath: transformersFolder(paths, training.base),
    template: template ?? training.template ?? '<chosen from the model once it is here>',
    datasetName: '<exported with the job>',
    datasetFolder: path.join('<job>', 'data'),
    outputFolder: tunedFolder(paths, training.name).train,
    devices: (training.gpus ?? 1) * (training.nodes ?? 1),
  });
}

function checkRows(kind: DatasetKind, stage: Stage): void {
  const right: readonly DatasetKind[] = stage === 'dpo' ? ['preference'] : ['qa', 'sft'];
  if (right.includes(kind)) return;
  const hint = kind === 'preference' ? 'Give --stage dpo, or name another --dataset.' : 'Name another --dataset.';
  const how = stage === 'dpo' ? 'DPO learns from preference rows' : 'an LLM is trained on qa or sft rows';
  throw new RagtuiError('unsupported', `The dataset holds ${kind} rows; ${how}.`, hint);
}
