import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import envPaths from 'env-paths';

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
  readonly configFile: string;
}

const SUN_PATH_MAX = 100;

/**
 * Paths of the workspace at `home` (default `RAGTUI_HOME`, else the XDG data folder). Creates nothing.
 */
export function workspacePaths(home?: string, env: NodeJS.ProcessEnv = process.env): WorkspacePaths {
  const standard = envPaths('ragtui', { suffix: '' });
  const root = path.resolve(home || env['RAGTUI_HOME'] || standard.data);
  const inside = path.join(root, 'run');
  const run = path.join(inside, 'kb.sock').length <= SUN_PATH_MAX ? inside : shortRunFolder(root);
  return {
    home: root,
    database: path.join(root, 'ragtui.db'),
    writerLock: path.join(root, 'writer.lock'),
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
    configFile: path.join(path.resolve(env['RAGTUI_CONFIG_HOME'] || standard.config), 'config.toml'),
  };
}

function shortRunFolder(root: string): string {
  const digest = createHash('sha256').update(root).digest('hex').slice(0, 12);
  return path.join(os.tmpdir(), `ragtui-${os.userInfo().uid}-${digest}`);
}

/** Makes the workspace's folders, readable by their owner only (design §11). */
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
  for (const folder of folders) mkdirSync(folder, { recursive: true, mode: 0o700 });
}
