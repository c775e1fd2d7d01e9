import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { AnyDataset } from '../../datasets/open.ts';
import { machineDevice } from '../../engines/device.ts';
import { engineStatus } from '../../engines/store.ts';
import type { EngineDevice } from '../../engines/types.ts';
import { folderOfModel, modelFolder } from '../../models/store.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { transformersFolder } from '../base-llm.ts';
import { part } from '../open-data.ts';
import type { TemplateChoice } from '../template-choice.ts';
import type { Setting, Training } from '../types.ts';
import { estimateLengths } from './estimate-lengths.ts';
import { knownPace, paceKey } from './known-pace.ts';
import { machineFacts } from './machine.ts';
import { shapeOfFolder, shapeOfGguf } from './read-shape.ts';
import type { ForecastInput, MachineFacts, ModelShape, TokenLengths } from './types.ts';

/** What takes longer than a key press to find out, when the caller has it. */
export interface SlowFacts {
  /** By the base's own tokenizer (`countLengths`); else they are estimated. */
  readonly lengths?: TokenLengths;
  /** As the driver tells them (`gpuFacts`). */
  readonly gpus?: MachineFacts['gpus'];
  /** Of an LLM's base (`baseFacts`); else they are read while the plan is made. */
  readonly base?: BaseFacts;
}

/** What is read from the files of a base and compared with them. */
export interface BaseFacts {
  /** Null while the base is not on this disk: it is then chosen when the training begins. */
  readonly template: { readonly choice: TemplateChoice } | { readonly refused: Refused } | null;
  readonly shape: ModelShape | null;
}

/** An error as it comes from another process. */
interface Refused {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export interface GatherRequest {
  readonly engine: ForecastInput['engine'];
  readonly training: Training;
  readonly dataset: AnyDataset;
  readonly settings: Readonly<Record<string, Setting>>;
  /** Id of the base as it is installed. */
  readonly base: string;
  readonly slow?: SlowFacts;
  /** What the engine of another host runs on: of that machine no more is known. */
  readonly there?: EngineDevice;
}

/** All that a forecast rests on. Reads small files and heads of large ones, some milliseconds, less the second time. */
export function gatherFacts(paths: WorkspacePaths, request: GatherRequest): ForecastInput {
  const { engine, training, dataset, settings, base, slow = {}, there } = request;
  const { manifest } = engineStatus(paths, engine);
  const device = manifest?.device ?? machineDevice();
  const gpus = ((there ?? device) === 'cuda' ? (training.gpus ?? 1) : 1) * (training.nodes ?? 1);
  const rows = Math.min(dataset.count(part(training.split)), training.limit ?? Number.POSITIVE_INFINITY);
  return {
    engine,
    settings,
    device,
    gpus,
    rows,
    lengths: slow.lengths ?? estimated(request),
    shape: slow.base ? slow.base.shape : shapeOf(paths, engine, base),
    machine: machineFacts(paths.home, slow.gpus ?? null),
    pace: knownPace(paths, paceKey({ engine, settings, device, gpus, base })),
    convertsBase: engine === 'llamafactory' && !existsSync(path.join(transformersFolder(paths, base), 'manifest.json')),
    packages: manifest ? optionalPackages(manifest.python) : [],
  };
}

const shapeOf = (paths: WorkspacePaths, engine: ForecastInput['engine'], base: string): ModelShape | null =>
  engine === 'llamafactory' ? llmShape(paths, base) : folderShape(folderOfModel(paths, base), 'encoder');

/** The shape of the folder that is trained on, or of the GGUF it will be made of; null where neither is here. */
export function llmShape(paths: WorkspacePaths, base: string): ModelShape | null {
  const folder = transformersFolder(paths, base);
  const made = folderShape(folder, 'decoder');
  if (made) return made;
  const gguf = path.join(modelFolder(paths, base), 'model.gguf');
  return remembered(gguf, () => shapeOfGguf(gguf));
}

function folderShape(folder: string, kind: ModelShape['kind']): ModelShape | null {
  return remembered(path.join(folder, 'config.json'), () => shapeOfFolder(folder, kind));
}

const shapes = new Map<string, { readonly mark: string; readonly shape: ModelShape | null }>();

/** A shape is read once for each state of its file: a form asks for it at every key. */
function remembered(file: string, read: () => ModelShape | null): ModelShape | null {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) return null;
  const mark = `${found.size} ${found.mtimeMs}`;
  const known = shapes.get(file);
  if (known?.mark === mark) return known.shape;
  const shape = read();
  shapes.set(file, { mark, shape });
  return shape;
}

let lastEstimate: { readonly key: string; readonly lengths: TokenLengths } | undefined;

function estimated({ engine, training, dataset }: GatherRequest): TokenLengths {
  const { name, version } = dataset.manifest;
  const key = JSON.stringify([engine, name, version, training.split, training.limit ?? null]);
  if (lastEstimate?.key === key) return lastEstimate.lengths;
  const lengths = estimateLengths(dataset, part(training.split), training.limit, engine);
  lastEstimate = { key, lengths };
  return lengths;
}

const OPTIONAL = ['bitsandbytes', 'deepspeed'];

/** Which of the optional packages stand beside a Python of an environment. */
function optionalPackages(python: string): string[] {
  const lib = path.join(path.dirname(path.dirname(python)), 'lib');
  if (!existsSync(lib)) return [];
  const places = readdirSync(lib)
    .filter((name) => /^python3\.\d+$/.test(name))
    .map((name) => path.join(lib, name, 'site-packages'));
  return OPTIONAL.filter((name) => places.some((place) => existsSync(path.join(place, name))));
}
