import type { Probe, ProgramResult } from '../../../src/doctor/types.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';

export interface FakeMachine {
  readonly env?: NodeJS.ProcessEnv;
  /** File → text. */
  readonly files?: Readonly<Record<string, string>>;
  /** Programs that are there. */
  readonly programs?: readonly string[];
  /** `tmux show-options -sv escape-time` → what it prints, or with which code it fails. */
  readonly says?: Readonly<Record<string, string | ProgramResult>>;
  readonly over?: Partial<Probe>;
}

/** A machine where nothing is wrong and nothing is there, but for what a test says. Never the real one. */
export function fakeProbe({ env = {}, files = {}, programs = [], says = {}, over = {} }: FakeMachine = {}): Probe {
  return {
    env,
    paths: workspacePaths('/nowhere/ragtui-doctor', {}),
    platform: 'linux',
    arch: 'x64',
    node: '20.20.2',
    cores: 8,
    memory: { free: 8e9, total: 16e9 },
    now: Date.UTC(2026, 10, 29),
    terminal: { columns: 120, rows: 40 },
    exists: (file) => file in files,
    read: (file) => files[file],
    list: (folder) => {
      const inside = Object.keys(files).filter((file) => file.startsWith(`${folder}/`));
      return [...new Set(inside.map((file) => file.slice(folder.length + 1).split('/')[0] ?? ''))];
    },
    stat: () => undefined,
    writable: () => true,
    // ext4 (statfs(2)).
    fileSystem: () => ({ free: 100e9, type: 0xef53 }),
    find: (program) => (programs.includes(program) ? `/usr/bin/${program}` : undefined),
    run: async (program, args) => {
      const said = says[[program, ...args].join(' ')];
      return typeof said === 'string' ? { code: 0, stdout: said, stderr: '' } : said;
    },
    listen: async () => undefined,
    resolve: async () => '127.0.0.1',
    cells: async (text) => (text === '│' ? 1 : 2),
    ...over,
  };
}
