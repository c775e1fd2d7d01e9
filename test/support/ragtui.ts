import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { stopEverything } from '../../src/cli/demo/stop.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { modelsCache, pathsWithModels } from './models.ts';

export interface RagtuiRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A workspace in a folder of its own, used through the built command. */
export class CommandWorkspace {
  readonly home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-cli-'));
  readonly paths = pathsWithModels(this.home);
  readonly env: NodeJS.ProcessEnv = {
    ...process.env,
    RAGTUI_HOME: this.home,
    RAGTUI_CONFIG_HOME: path.join(this.home, 'config'),
    RAGTUI_MODELS_CACHE: modelsCache(),
    NO_COLOR: '1',
  };

  /** Starts `ragtui ARGS` without a terminal. */
  start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const program = path.join(packageRoot(), 'bin', 'ragtui.js');
    return spawn(process.execPath, [program, ...args], {
      env: { ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  #startWith(input: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    const program = path.join(packageRoot(), 'bin', 'ragtui.js');
    const child = spawn(process.execPath, [program, ...args], { env: { ...this.env, ...env }, stdio: 'pipe' });
    child.stdin.end(input);
    return child;
  }

  /** Runs `ragtui ARGS` to its end; `input` is what stdin holds. */
  async run(args: readonly string[], env: NodeJS.ProcessEnv = {}, input = ''): Promise<RagtuiRun> {
    const child = input === '' ? this.start(args, env) : this.#startWith(input, args, env);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
    return { code, stdout, stderr };
  }

  /** The JSON document of a command that must succeed. */
  async json(args: readonly string[]): Promise<unknown> {
    const { code, stdout, stderr } = await this.run([...args, '--json']);
    if (code !== 0) throw new Error(`ragtui ${args.join(' ')}: exit ${code}: ${stderr}`);
    return JSON.parse(stdout);
  }

  async close(): Promise<void> {
    await stopEverything(this.paths);
    rmSync(this.home, { recursive: true, force: true });
  }
}
