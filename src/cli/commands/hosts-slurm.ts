import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import {
  batchOptions,
  batchScript,
  TEMPLATE,
  templateFile,
  templateFolder,
  templateFor,
} from '../../hosts/slurm/script.ts';
import { type SlurmSettings, slurmSettingsSchema } from '../../hosts/slurm/settings.ts';
import type { KnownHost } from '../../hosts/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { writeTextAtomic } from '../../platform/files.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { shellWord } from '../../platform/shell-word.ts';
import type { CommandContext } from '../context.ts';
import { collect } from '../define.ts';

/** What `hosts add` takes for Slurm; "" takes a setting back. */
export const slurmOptionFields = {
  partition: z.string().optional(),
  account: z.string().optional(),
  qos: z.string().optional(),
  gres: z.string().optional(),
  time: z.string().optional(),
  cpus: z.string().optional(),
  memory: z.string().optional(),
  warn: z.string().optional(),
  module: z.array(z.string()).default([]),
  container: z.string().optional(),
  sbatch: z.array(z.string()).default([]),
};
type Options = z.output<z.ZodObject<typeof slurmOptionFields>>;

/** Adds them to a command. */
export const addSlurmOptions = (command: Command): Command =>
  command
    .option('--partition <name>', 'Slurm: where jobs go; "" takes it back, as for all that follow')
    .option('--account <name>', 'Slurm: who pays')
    .option('--qos <name>', 'Slurm: quality of service')
    .option('--gres <gres>', 'Slurm: such as gpu:1 or gpu:a100:2 (default: as many GPUs as the training takes)')
    .option('--time <time>', 'Slurm: time limit of a job, such as 4:00:00; one that reaches it goes on in another turn')
    .option('--cpus <n>', 'Slurm: cores of a job')
    .option('--memory <size>', 'Slurm: memory of a job, such as 32G')
    .option('--warn <seconds>', 'Slurm: a checkpoint is saved so long before the time limit (default: 240)')
    .option('--module <name>', 'Slurm: a module to load; repeatable', collect)
    .option('--container <words>', 'Slurm: words before the command, such as "apptainer exec --nv image.sif"')
    .option(
      '--sbatch <option>',
      'Slurm: another option of sbatch, such as --sbatch=--constraint=a100; repeatable',
      collect,
    );

/** The settings that are kept with a host, changed by the options. Errors: `usage`. */
export function slurmSettingsOf(options: Options, before: SlurmSettings | undefined): SlurmSettings | undefined {
  const { partition, account, qos, gres, time, cpus, memory, warn, container, module, sbatch } = options;
  const asked = { partition, account, qos, gres, time, memory, container, cpus, warnSeconds: warn };
  const merged: Record<string, unknown> = { ...before };
  for (const [key, value] of Object.entries(asked)) {
    if (value === undefined) continue;
    if (value === '') delete merged[key];
    else merged[key] = key === 'cpus' || key === 'warnSeconds' ? Number(value) : value;
  }
  for (const [key, values] of Object.entries({ modules: module, options: sbatch })) {
    if (values.length === 0) continue;
    const given = values.filter((one) => one !== '');
    if (given.length === 0) delete merged[key];
    else merged[key] = given;
  }
  const parsed = slurmSettingsSchema.safeParse(merged);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new RagtuiError('usage', `${String(issue?.path[0] ?? '')}: ${issue?.message ?? ''}.`);
  }
  return Object.keys(parsed.data).length === 0 ? undefined : parsed.data;
}

/** What `hosts check` says of a host's Slurm. */
export function slurmLines(paths: WorkspacePaths, { name, facts: { slurm }, slurm: settings }: KnownHost): string[] {
  if (!slurm) return settings ? ['slurm    none there (sbatch is not on PATH), although settings for it are kept'] : [];
  const asked = settings ? batchOptions({ run: '', folder: '', gpus: 0 }, settings).slice(OURS) : [];
  const template = templateFile(paths, name);
  return [
    `slurm    ${slurm.version}${slurm.problem === '' ? '' : `: ${slurm.problem}`}`,
    ...slurm.partitions.map(
      ({ name: partition, up, limit, nodes, gres }) =>
        `         ${partition}: ${nodes} nodes, limit ${limit}${gres === '' ? '' : `, ${gres}`}${up ? '' : ' (not up)'}`,
    ),
    ...(asked.length === 0 ? [] : [`         asked for ${asked.join(' ')}`]),
    ...(template === undefined ? [] : [`         template ${template}`]),
  ];
}
/** Options that every job has. */
const OURS = batchOptions({ run: '', folder: '', gpus: 0 }, {}).length;

export const batchScriptOptions = z.object({ write: z.boolean().default(false) });

/** `hosts batch-script HOST`. */
export async function showBatchScript(
  { out, paths }: CommandContext,
  [name]: [string],
  { write }: z.output<typeof batchScriptOptions>,
): Promise<undefined> {
  const { knownHost } = await import('../../hosts/store.ts');
  const { keeperCommand } = await import('../../hosts/slurm/submit.ts');
  const { runFolder } = await import('../../hosts/run.ts');
  const host = knownHost(paths, name);
  if (write) {
    const file = path.join(templateFolder(paths), `${name}.sh`);
    if (existsSync(file))
      throw new RagtuiError('exists', `${file} is there already.`, 'Change it, or delete it first.');
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeTextAtomic(file, TEMPLATE);
    out.result({ template: file }, () => `Wrote ${file}: Slurm jobs on ${name} use it from now on.`);
    return;
  }
  const settings = host.slurm ?? {};
  const run = 'RUN';
  const script = batchScript(templateFor(paths, name, settings), settings, keeperCommand(host, run));
  const options = batchOptions({ run, folder: runFolder(host, run), gpus: 0 }, settings);
  const template = templateFile(paths, name) ?? null;
  out.result({ template, options, script }, () => [
    `# template: ${template ?? 'the shipped one'}`,
    `# sbatch --parsable ${options.map(shellWord).join(' ')} batch.sh`,
    ...script.trimEnd().split('\n'),
  ]);
}
