import { z } from 'zod';

/** The Python programs we run, each in an environment of its own: their requirements exclude each other. */
export const engineNameSchema = z.enum(['llamafactory', 'flagembedding', 'vllm']);
export type EngineName = z.infer<typeof engineNameSchema>;

export const engineDeviceSchema = z.enum(['cpu', 'cuda']);
export type EngineDevice = z.infer<typeof engineDeviceSchema>;

/** All that we know of one engine before it is installed. */
export interface EngineDefinition {
  readonly name: EngineName;
  readonly title: string;
  /** What it is for, for a person. */
  readonly purpose: string;
  readonly licence: string;
  /** Python versions [major, minor] the lock files were made and tried for, both ends included. */
  readonly python: { readonly min: readonly [number, number]; readonly max: readonly [number, number] };
  /** Lock file per device, in `engines/locks/`. */
  readonly locks: Readonly<Record<EngineDevice, string>>;
  /** Space the environment takes, as measured, plus what the downloads need on the way. */
  readonly diskBytes: number;
  /** What a check imports: the modules that the engine's work begins with. */
  readonly imports: readonly string[];
  /** Distributions whose versions a check prints; "a|b": whichever is there, "a?": if it is. The first one is the engine's own. */
  readonly distributions: readonly string[];
  /** Set whenever the engine runs. */
  readonly environment: Readonly<Record<string, string>>;
  /** Set in addition when it runs on the CPU. */
  readonly cpuEnvironment: Readonly<Record<string, string>>;
}

/** `engine.json` in the folder of an engine; written last, so its presence means that the environment is whole. */
export const engineManifestSchema = z.object({
  version: z.literal(1),
  name: engineNameSchema,
  device: engineDeviceSchema,
  /** The environment's Python. */
  python: z.string(),
  /** False for an environment of the user's own: `remove` leaves it alone. */
  managed: z.boolean(),
  installedAt: z.iso.datetime(),
  /** sha256 of the lock file it was made from; '' when not managed. */
  lock: z.string(),
  versions: z.record(z.string(), z.string()),
});
export type EngineManifest = z.infer<typeof engineManifestSchema>;

/** What `engines list` shows. `outdated`: made from another lock file than this version of ragtui ships. */
export interface EngineStatus {
  readonly definition: EngineDefinition;
  readonly state: 'absent' | 'partial' | 'present' | 'outdated';
  readonly folder: string;
  readonly manifest: EngineManifest | null;
}

/** What a check found by importing the engine. */
export const engineCheckSchema = z.object({
  python: z.string(),
  /** Distribution → version. */
  versions: z.record(z.string(), z.string()),
  device: engineDeviceSchema,
  /** Names of the GPUs, or the CPU's threads in words. */
  devices: z.array(z.string()),
  seconds: z.number(),
});
export type EngineCheck = z.infer<typeof engineCheckSchema>;

/** How far an install is. */
export interface InstallProgress {
  readonly phase: string;
  /** Packages that are in the environment, of all in the lock file; total is 0 until it is known. */
  readonly packages: { readonly done: number; readonly total: number };
  /** Bytes of the large packages, as far as uv names them. */
  readonly bytes: { readonly done: number; readonly total: number };
}
