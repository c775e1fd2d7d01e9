import type { WorkspacePaths } from '../platform/paths.ts';
import type { Output } from './output.ts';

/** What every command is given. */
export interface CommandContext {
  readonly out: Output;
  readonly paths: WorkspacePaths;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted at the first Ctrl+C; a second one ends the process at once. */
  readonly signal: AbortSignal;
  /** Whether a person can be asked: stdin and stderr are a terminal and --json is off. */
  readonly interactive: boolean;
}
