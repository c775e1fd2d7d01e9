import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { shellWord } from '../../platform/shell-word.ts';
import { type SlurmSettings, WARN_SECONDS } from './settings.ts';

/** What jobs run where nobody wrote a template of their own. */
export const TEMPLATE = `#!/bin/bash
# The batch script of ragtui's Slurm jobs. Yours to change: #SBATCH lines, modules, variables, whatever the cluster needs.
# Options that "ragtui hosts add HOST --partition …" keeps are given to sbatch and win over #SBATCH lines here.
# {{modules}} and {{run}} stand alone on their lines; {{run}} comes last: it becomes the script's own process, so that
# Slurm's signals reach it.

{{modules}}
{{run}}
`;

/** The user's own template: one for a host, or one for all; none: undefined. */
export function templateFile({ configFile }: Pick<WorkspacePaths, 'configFile'>, host: string): string | undefined {
  const folder = templateFolder({ configFile });
  return [`${host}.sh`, 'batch.sh'].map((name) => path.join(folder, name)).find((file) => existsSync(file));
}
export const templateFolder = ({ configFile }: Pick<WorkspacePaths, 'configFile'>): string =>
  path.join(path.dirname(configFile), 'slurm');

/** The template for a host. Errors: `invalid` when nothing would be run by it. */
export function templateFor(
  paths: Pick<WorkspacePaths, 'configFile'>,
  host: string,
  { modules = [] }: SlurmSettings = {},
): string {
  const file = templateFile(paths, host);
  if (file === undefined) return TEMPLATE;
  const text = readFileSync(file, 'utf8').replaceAll('\r\n', '\n');
  const fault = templateFault(text, modules.length > 0);
  if (fault === undefined) return text;
  throw new RagtuiError('invalid', `${file} ${fault}.`, 'Mend it, or delete it: the shipped one is used then.');
}

/** What is wrong with a template; undefined: nothing. Pure. */
export function templateFault(text: string, hasModules: boolean): string | undefined {
  if (!text.startsWith('#!')) return 'does not begin with #! and a shell';
  const lines = text.split('\n').map((line) => line.trim());
  if (hasModules && !lines.includes('{{modules}}')) return 'has no line with {{modules}} alone, and modules are set';
  const runs = lines.filter((line) => line === '{{run}}');
  if (runs.length !== 1) return `has ${runs.length === 0 ? 'no line' : `${runs.length} lines`} with {{run}} alone`;
  const other = /\{\{(\w+)\}\}/g;
  const unknown = [...text.matchAll(other)].find(([, name]) => name !== 'run' && name !== 'modules');
  return unknown ? `has ${unknown[0]}, which stands for nothing` : undefined;
}

/** The batch script: a template with its places filled. `command`: the words that are run. Pure. */
export function batchScript(template: string, settings: SlurmSettings, command: readonly string[]): string {
  const { modules = [], container } = settings;
  const words = command.map(shellWord).join(' ');
  const filled: Readonly<Record<string, string>> = {
    '{{modules}}': modules.map((name) => `module load ${shellWord(name)}`).join('\n'),
    '{{run}}': `exec ${container === undefined ? '' : `${container} `}${words}`,
  };
  // Comments may name the places; only lines of their own are filled.
  return template
    .split('\n')
    .map((line) => filled[line.trim()] ?? line)
    .join('\n');
}

export interface BatchJob {
  /** Name of the run, or of an array of runs. */
  readonly run: string;
  /** Its folder there. */
  readonly folder: string;
  /** On each node. */
  readonly gpus: number;
  /** Absent: one. */
  readonly nodes?: number;
  /** Each of its tasks prints into a folder of its own, named by its index. */
  readonly isArray?: boolean;
}

/** What sbatch is given besides the script, each a word of its own: ours win over #SBATCH lines. Pure. */
export function batchOptions({ run, folder, gpus, nodes = 1, isArray }: BatchJob, settings: SlurmSettings): string[] {
  const { partition, account, qos, gres, time, cpus, memory, warnSeconds = WARN_SECONDS, options = [] } = settings;
  const wanted = gres ?? (gpus > 0 ? `gpu:${gpus}` : undefined);
  const given = (name: string, value: string | number | undefined) =>
    value === undefined ? [] : [`--${name}=${value}`];
  return [
    ...given('job-name', run),
    // A % would begin a pattern.
    ...given('output', `${folder.replaceAll('%', '%%')}/${isArray ? '%a/' : ''}batch.log`),
    '--open-mode=append',
    '--requeue',
    ...given('signal', `B:USR1@${warnSeconds}`),
    ...given('chdir', folder),
    ...(nodes > 1 ? [`--nodes=${nodes}`, '--ntasks-per-node=1'] : []),
    `--ntasks=${nodes}`,
    ...given('partition', partition),
    ...given('account', account),
    ...given('qos', qos),
    ...given('gres', wanted),
    ...given('time', time),
    ...given('cpus-per-task', cpus),
    ...given('mem', memory),
    ...options,
  ];
}
