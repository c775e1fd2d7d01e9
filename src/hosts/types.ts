import { z } from 'zod';
import { type EngineDevice, engineManifestSchema } from '../engines/types.ts';
import { slurmSettingsSchema } from './slurm/settings.ts';
import { slurmRawSchema } from './slurm/types.ts';

/**
 * A host as the user's own `ssh` knows it: an alias of their config, a name, or `user@name`. Nothing that ssh or a shell
 * could take for something else.
 */
export const hostNameSchema = z
  .string()
  .max(253)
  .regex(
    /^(?!-)[A-Za-z0-9_.-]+(@(?!-)[A-Za-z0-9_.:-]+)?$/,
    'use a name that `ssh NAME` knows: letters, digits, "._-", one "@"',
  );

/**
 * Where a job's engine runs; absent: on this machine. `ssh:HOST`: on that host. `slurm:HOST`: on a node that Slurm gives,
 * asked on HOST, a login node.
 */
export const launcherSchema = z.string().refine((text) => {
  const { kind, host } = partsOf(text);
  return (kind === 'ssh' || kind === 'slurm') && hostNameSchema.safeParse(host).success;
}, 'use ssh:HOST or slurm:HOST, with a host that `ssh HOST` knows');

/** As a person says it: `local`, or one of these. */
export const whereSchema = z
  .string()
  .refine(
    (text) => text === LOCAL || launcherSchema.safeParse(text).success,
    'use local, ssh:HOST or slurm:HOST, with a host that `ssh HOST` knows',
  );
export const LOCAL = 'local';
/** The launcher that was named; undefined: this machine. Pure. */
export const farLauncher = (where: string | undefined): string | undefined => (where === LOCAL ? undefined : where);

/** The host of a launcher that names one. Pure. */
export const hostOf = (launcher: string): string => partsOf(launcher).host;
/** Whether a launcher asks Slurm for a place. Pure. */
export const isSlurm = (launcher: string | undefined): boolean => partsOf(launcher ?? '').kind === 'slurm';

function partsOf(launcher: string): { kind: string; host: string } {
  const at = launcher.indexOf(':');
  return at < 0 ? { kind: launcher, host: '' } : { kind: launcher.slice(0, at), host: launcher.slice(at + 1) };
}

/** A path on a host: absolute, or below its home with `~/`. */
export const farPathSchema = z
  .string()
  .regex(/^(~\/|\/)[^\0\n]*$/, 'use a path that begins with / or ~/')
  .refine((text) => !text.split('/').includes('..'), 'use a path without ".."');

export const gpuFactsSchema = z.object({ name: z.string(), memoryMb: z.number(), driver: z.string() });

/** What a host said of itself. */
export const hostFactsSchema = z.object({
  /** When it said so; this machine's clock. */
  checkedAt: z.iso.datetime(),
  system: z.string(),
  os: z.string(),
  arch: z.string(),
  home: z.string(),
  /** Absolute folder where ours lies there. */
  root: z.string(),
  cores: z.number().int(),
  memoryMb: z.number().nullable(),
  /** Processes that want to run, averaged over a minute. */
  load: z.number().nullable(),
  /** Free where our folder is, or will be. */
  diskFreeMb: z.number().nullable(),
  gpus: z.array(gpuFactsSchema),
  /** Why nothing is known of GPUs although there is a driver's program; '' else. */
  gpuProblem: z.string().default(''),
  /** Command and version of the Python that runs our agent; null: none that can. */
  python: z.object({ command: z.string(), version: z.string() }).nullable(),
  /** Versions of Python there, by command. */
  pythons: z.record(z.string(), z.string()),
  node: z.string().nullable(),
  uv: z.string().nullable(),
  rsync: z.boolean(),
  /** Whether the CPU computes in bfloat16 itself. */
  bfloat16: z.boolean(),
  /** Slurm, where it is a login node of one. `problem`: why it told nothing. */
  slurm: z
    .object({
      version: z.string(),
      problem: z.string(),
      partitions: z.array(
        z.object({ name: z.string(), up: z.boolean(), limit: z.string(), nodes: z.number().int(), gres: z.string() }),
      ),
    })
    .nullable()
    .default(null),
});
export type HostFacts = z.infer<typeof hostFactsSchema>;

/** An engine that a host has; `lock`: sha256 of the lock file it was made from, '' for one of the user's own. */
export const farEngineSchema = engineManifestSchema.pick({
  name: true,
  python: true,
  device: true,
  versions: true,
  lock: true,
});
export type FarEngine = z.infer<typeof farEngineSchema>;

/** A host that was added. */
export const hostSchema = z.object({
  name: hostNameSchema,
  /** Folder of ours there. */
  folder: farPathSchema.default('~/.ragtui-host'),
  /** Folder with the engines' environments; absent: `engines` in ours. */
  engines: farPathSchema.optional(),
  /** What is asked of Slurm there, where it is a login node. */
  slurm: slurmSettingsSchema.optional(),
  addedAt: z.iso.datetime(),
  /** Since when it takes no new jobs; absent: it takes them. */
  drainedAt: z.iso.datetime().optional(),
  facts: hostFactsSchema.nullable().default(null),
  /** Engines that it had when it was looked at last. */
  installed: z.array(farEngineSchema).default([]),
});
export type Host = z.infer<typeof hostSchema>;

/** A host that has been looked at. */
export interface KnownHost extends Host {
  readonly facts: HostFacts;
}

/** What an engine that is made on a host is made for. Pure. */
export const deviceOfHost = ({ facts }: Pick<Host, 'facts'>): EngineDevice =>
  facts !== null && facts.gpus.length > 0 ? 'cuda' : 'cpu';

/** How a run on a host stands, as the agent there tells. */
export const runStatusSchema = z.object({
  state: z.enum(['none', 'queued', 'running', 'over', 'lost']),
  keeper: z.boolean(),
  program: z.boolean(),
  result: z
    .object({
      code: z.number().int().nullable(),
      signal: z.string().nullable(),
      stopped: z.boolean(),
      oom: z.boolean(),
      error: z.string(),
      /** What kind of error: the time `limit` of a Slurm job, or that of its `memory`. */
      why: z.string().optional(),
      seconds: z.number(),
      endedAt: z.string(),
    })
    .nullable(),
  gpus: z.array(z.number().int()),
  waits: z.string(),
  /** Under Slurm: how often it was begun, and the step of the checkpoint it went on from last. */
  session: z.number().int().optional(),
  resumedAt: z.number().int().optional(),
  /** Under Slurm: its own words, where it was asked. */
  slurm: slurmRawSchema.nullish(),
});
export type RunStatus = z.infer<typeof runStatusSchema>;
