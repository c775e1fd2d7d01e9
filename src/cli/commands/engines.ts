import path from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { type EngineName, engineDeviceSchema, engineNameSchema } from '../../engines/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';
import { installToEnd } from '../job-to-end.ts';
import { megabytes, table } from '../output.ts';

const name = z.tuple([engineNameSchema]);
const installOptions = z.object({
  python: z.string().min(1).optional(),
  device: engineDeviceSchema.optional(),
  yes: z.boolean().default(false),
  detach: z.boolean().default(false),
});
type InstallOptions = z.output<typeof installOptions>;

/** `ragtui engines list|install|check|remove`. */
export function addEngines(program: Command, invocation: Invocation): void {
  const engines = program
    .command('engines')
    .description('the Python programs that tune and serve: llamafactory, flagembedding, vllm');
  handle(
    engines.command('list').description('what can be installed and what is'),
    invocation,
    { args: z.tuple([]), options: z.object({}) },
    list,
  );
  handle(
    engines
      .command('install')
      .description('make an environment for an engine from its lock file')
      .argument('<name>')
      .option('--python <path>', 'use the environment of this Python as it is, install nothing')
      .option('--device <device>', 'cpu or cuda (default: what this machine has)')
      .option('--detach', 'start it and do not wait')
      .option('--yes', 'do not ask'),
    invocation,
    { args: name, options: installOptions },
    install,
  );
  handle(
    engines.command('check').description('import an engine, print versions and devices').argument('<name>'),
    invocation,
    { args: name, options: z.object({}) },
    check,
  );
  handle(
    engines
      .command('remove')
      .description('delete the environment of an engine')
      .argument('<name>')
      .option('--yes', 'do not ask'),
    invocation,
    { args: name, options: z.object({ yes: z.boolean().default(false) }) },
    remove,
  );
}

async function list({ out, paths }: CommandContext): Promise<undefined> {
  const { listEngines } = await import('../../engines/store.ts');
  const engines = listEngines(paths).map(({ definition, state, folder, manifest }) => ({
    name: definition.name,
    title: definition.title,
    purpose: definition.purpose,
    licence: definition.licence,
    state,
    device: manifest?.device ?? null,
    python: manifest?.python ?? null,
    versions: manifest?.versions ?? {},
    diskBytes: definition.diskBytes,
    folder,
  }));
  out.result({ engines }, () =>
    table(
      ['NAME', 'STATE', 'DEVICE', 'NEEDS', 'ENGINE', 'PURPOSE'],
      engines.map((one) => [
        one.name,
        one.state,
        one.device ?? '',
        megabytes(one.diskBytes),
        one.title,
        `${one.purpose} (${one.licence})`,
      ]),
    ),
  );
}

async function install(context: CommandContext, [engine]: [EngineName], options: InstallOptions): Promise<number> {
  const { paths } = context;
  const { ENGINES } = await import('../../engines/definitions.ts');
  const { machineDevice } = await import('../../engines/device.ts');
  const { engineFolder } = await import('../../engines/store.ts');
  const { launchJob } = await import('../../jobs/launcher.ts');
  const { ensureWorkspace } = await import('../../platform/paths.ts');
  const { title, diskBytes } = ENGINES[engine];
  const device = options.device ?? machineDevice();
  if (options.python === undefined) {
    const what = `Downloads ${title} for ${device} with all its packages from your package index into ${engineFolder(paths, engine)}; it needs up to ${megabytes(diskBytes)}, and uv is installed beside it if you have none.`;
    await confirm(context, options.yes, what);
  }
  ensureWorkspace(paths);
  const python = options.python === undefined ? {} : { python: path.resolve(options.python) };
  const job = await launchJob(paths, { kind: 'engine-install', engine, device, ...python });
  return installToEnd(context, job, options);
}

async function check({ out, paths, signal }: CommandContext, [engine]: [EngineName]): Promise<undefined> {
  const { checkEngine } = await import('../../engines/check.ts');
  const { installedEngine } = await import('../../engines/store.ts');
  const { python, device } = installedEngine(paths, engine);
  out.note(`Importing ${engine}: this takes up to half a minute.`);
  const result = await checkEngine(engine, python, device, signal);
  out.result({ engine, executable: python, ...result }, () => [
    `${engine} works (imported in ${result.seconds} s)`,
    `python   ${result.python}  ${python}`,
    `device   ${result.device}: ${result.devices.join(', ')}`,
    ...Object.entries(result.versions).map(([distribution, version]) => `package  ${distribution} ${version}`),
  ]);
}

async function remove(context: CommandContext, [engine]: [EngineName], options: { yes: boolean }): Promise<undefined> {
  const { engineStatus, removeEngine } = await import('../../engines/store.ts');
  const { jobsInEngine } = await import('../../engines/users.ts');
  const { folder, manifest } = engineStatus(context.paths, engine);
  const [user] = jobsInEngine(context.paths, engine);
  if (user) {
    const { spec, state } = user;
    throw new RagtuiError(
      'busy',
      `${engine} is in use: ${spec.name} (${spec.id}) is ${state}.`,
      `Stop it first: ragtui jobs stop ${spec.id}`,
    );
  }
  const what =
    manifest?.managed === false
      ? `Forgets the environment of ${manifest.python}.`
      : `Deletes ${folder} with all in it.`;
  await confirm(context, options.yes, what);
  await removeEngine(context.paths, engine, context.signal);
  context.out.result({ removed: engine }, () => `Removed ${engine}.`);
}
