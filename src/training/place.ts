import { type InstalledEngine, installedEngine } from '../engines/store.ts';
import type { EngineName } from '../engines/types.ts';
import type { JobContext } from '../jobs/worker.ts';
import { cpuHasBfloat16 } from '../serving/vllm/machine.ts';
import { type EngineExit, type EngineRun, runEngine } from './engine-process.ts';
import type { TunedFolder } from './tuned.ts';

type Context = JobContext<'train-llm'> | JobContext<'train-embedder'>;

/** Where a training's files lie for its engine. */
export interface EnginePaths {
  readonly base: string;
  /** What lies in `workFolder` here. */
  readonly work: string;
  readonly output: string;
}

/** How an engine ended, with what only its place knows. */
export interface PlaceExit extends EngineExit {
  /** Seconds it ran, where the place measured them itself. */
  readonly seconds?: number;
  /** Whether something was killed for memory meanwhile; absent: this machine tells. */
  readonly oomKilled?: boolean;
}

/** The machine a training's engine runs on: this one, or one that is reached by ssh. */
export interface TrainingPlace {
  readonly engine: InstalledEngine;
  readonly bfloat16: boolean;
  /** Named where the machine is told: `HOST`; '' = this one. */
  readonly host: string;
  /** Processes of the engine that each do a part of a step: on this many machines, so many on each. */
  readonly nodes: number;
  readonly perNode: number;
  /** Names the session whose seconds are kept: what is told again under its name is no second one. */
  readonly session: string;
  /** An earlier job's engine still runs there, or what it left has not been brought here: `run` goes on with it. */
  readonly goesOn: boolean;
  /** Folder here with the files that the engine is given: `data`, settings. */
  readonly workFolder: string;
  /** Makes the base ready there. */
  place(basePath: string, tuned: TunedFolder): Promise<EnginePaths>;
  run(run: EngineRun, tuned: TunedFolder): Promise<PlaceExit>;
}

/** This machine. */
export function localPlace({ paths, gpus, spec, folder }: Context, name: EngineName): TrainingPlace {
  return {
    engine: installedEngine(paths, name),
    bfloat16: cpuHasBfloat16(),
    host: '',
    nodes: 1,
    perNode: Math.max(1, gpus.length),
    session: spec.id,
    goesOn: false,
    workFolder: folder,
    place: async (base, { train }) => ({ base, work: folder, output: train }),
    run: (run) => runEngine(run),
  };
}
