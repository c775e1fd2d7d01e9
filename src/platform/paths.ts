import { createHash } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync, type Stats } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import envPaths from 'env-paths';
import { errnoOf, RagtuiError, toRagtuiError } from './errors.ts';

/** Where everything of one workspace lives (design §2). */
export interface WorkspacePaths {
  readonly home: string;
  readonly database: string;
  readonly writerLock: string;
  readonly indexes: string;
  /** Shared between workspaces when RAGTUI_MODELS_CACHE is set. */
  readonly models: string;
  readonly datasets: string;
  readonly jobs: string;
  /** Shared between workspaces when RAGTUI_ENGINES_CACHE is set. */
  readonly engines: string;
  readonly exports: string;
  readonly logs: string;
  readonly trash: string;
  /** 0700 folder of the kb service's socket; short enough for sun_path (108 bytes). */
  readonly run: string;
  readonly socket: string;
  /** Who uses which GPU: one folder for all workspaces of this user on this machine. */
  readonly devices: string;
  readonly configFile: string;
  /** There after a restore, until the kb service has seen it. */
  readonly restored: string;
}

/** Bytes. */
const SUN_PATH_MAX = 100;

/**
 * Paths of the workspace at `home` (default `RAGTUI_HOME`, else the XDG data folder). Creates nothing.
 */
export function workspacePaths(home?: string, env: NodeJS.ProcessEnv = process.env): WorkspacePaths {
  const standard = envPaths('ragtui', { suffix: '' });
  const root = path.resolve(home || env['RAGTUI_HOME'] || standard.data);
  const inside = path.join(root, 'run');
  const run = Buffer.byteLength(path.join(inside, 'kb.sock')) <= SUN_PATH_MAX ? inside : shortRunFolder(root);
  return {
    home: root,
    database: path.join(root, 'ragtui.db'),
    writerLock: path.join(root, 'writer.lock'),
    restored: path.join(root, '.restored'),
    indexes: path.join(root, 'indexes'),
    models: path.resolve(env['RAGTUI_MODELS_CACHE'] || path.join(root, 'models')),
    datasets: path.join(root, 'datasets'),
    jobs: path.join(root, 'jobs'),
    engines: path.resolve(env['RAGTUI_ENGINES_CACHE'] || path.join(root, 'engines')),
    exports: path.join(root, 'exports'),
    logs: path.join(root, 'logs'),
    trash: path.join(root, 'trash'),
    run,
    socket: path.join(run, 'kb.sock'),
    devices: path.resolve(env['RAGTUI_DEVICES'] || temporaryFolder('devices')),
    configFile: path.join(path.resolve(env['RAGTUI_CONFIG_HOME'] || standard.config), 'config.toml'),
  };
}

function shortRunFolder(root: string): string {
  return temporaryFolder(createHash('sha256').update(root).digest('hex').slice(0, 12));
}

function temporaryFolder(name: string): string {
  // Not TMPDIR: two shells that set it differently must find the same socket, and the same locks.
  const temporary = process.platform === 'linux' ? '/tmp' : os.tmpdir();
  return path.join(temporary, `ragtui-${os.userInfo().uid}-${name}`);
}

/**
 * Proves that the folder of the socket (or of the devices) is ours before anything is said through it: outside the workspace (in the
 * folder for temporary files) another user could have made it first. A folder that is not there is fine.
 * Errors: `permission`.
 */
export function assertOwnRunFolder({ run }: Pick<WorkspacePaths, 'run'>): void {
  const found = lookAt(run);
  if (!found) return;
  if (!found.isDirectory() || found.uid !== process.geteuid?.()) {
    throw new RagtuiError(
      'permission',
      `${run} is not a folder of this user: the service is not spoken to there.`,
      'Use a workspace of your own with --home or RAGTUI_HOME.',
    );
  }
  if ((found.mode & 0o077) !== 0) chmodSync(run, 0o700);
}

function lookAt(folder: string): Stats | undefined {
  try {
    return lstatSync(folder, { throwIfNoEntry: false });
  } catch (error) {
    // Its path leads through a file, or through a folder that is not ours to read.
    throw unusable(folder, error);
  }
}

/** Makes the workspace's folders, readable by their owner only (design §11). Errors: `permission`, `disk-full`. */
export function ensureWorkspace(paths: WorkspacePaths): void {
  const folders = [
    paths.home,
    paths.indexes,
    paths.models,
    paths.datasets,
    paths.jobs,
    paths.logs,
    paths.trash,
    paths.run,
  ];
  for (const folder of folders) makeFolder(folder);
  assertOwnRunFolder(paths);
}

function makeFolder(folder: string): void {
  try {
    // One by one: Node's own way never ends where the kernel says "no such folder" to mkdir itself, as /proc does.
    const missing: string[] = [];
    for (let at = folder; !existsSync(at); at = path.dirname(at)) missing.unshift(at);
    for (const each of missing) if (!existsSync(each)) makeOne(each);
  } catch (error) {
    throw unusable(folder, error);
  }
}

function makeOne(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Two programs begin at the same moment.
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

function unusable(folder: string, error: unknown): RagtuiError {
  const problem = toRagtuiError(error);
  if (problem.code === 'disk-full') return problem;
  return new RagtuiError(
    'permission',
    `The workspace folder ${folder} cannot be made (${problem.message}).`,
    'Give a folder you may write to with --home or RAGTUI_HOME.',
    { cause: error },
  );
}
