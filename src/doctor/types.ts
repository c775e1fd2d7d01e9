import type { WorkspacePaths } from '../platform/paths.ts';

/** What one check found. */
export interface Finding {
  /** `warn` is worth knowing and stops nothing; `skip`: it has no meaning here. */
  readonly state: 'ok' | 'warn' | 'fail' | 'skip';
  /** One line: what is there. */
  readonly detail: string;
  /** How to get what is missing: a command where there is one. */
  readonly get?: string;
}

/** One thing that `ragtui doctor` looks at. */
export interface Check {
  /** Stable, for `--json`. */
  readonly id: string;
  readonly name: string;
  /** A check that throws has failed with the error's line. Several findings are told one by one. */
  readonly run: (probe: Probe) => Finding | readonly Finding[] | Promise<Finding | readonly Finding[]>;
}

export interface ProgramResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** All that checks may ask of the machine. Tests pass their own. */
export interface Probe {
  readonly env: NodeJS.ProcessEnv;
  readonly paths: WorkspacePaths;
  readonly platform: string;
  readonly arch: string;
  /** `process.versions.node`. */
  readonly node: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: { readonly free: number; readonly total: number };
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Null: stdout is no terminal. */
  readonly terminal: { readonly columns: number; readonly rows: number } | null;
  readonly exists: (file: string) => boolean;
  /** Undefined: not there, or not ours to read. */
  readonly read: (file: string) => string | undefined;
  readonly list: (folder: string) => readonly string[];
  readonly stat: (file: string) => { readonly mode: number; readonly modified: number } | undefined;
  readonly writable: (file: string) => boolean;
  /** Of the nearest part of the path that exists; bytes. */
  readonly fileSystem: (file: string) => { readonly free: number; readonly type: number };
  /** Where a program lies on PATH. */
  readonly find: (program: string) => string | undefined;
  /** Undefined: there is no such program, or it takes too long. */
  readonly run: (program: string, args: readonly string[]) => Promise<ProgramResult | undefined>;
  /** Whether a port of 127.0.0.1 can be listened on; the reason if not. */
  readonly listen: () => Promise<string | undefined>;
  /** Address of a name, as this machine resolves it; undefined if it does not. */
  readonly resolve: (name: string) => Promise<string | undefined>;
  /** Cells that the terminal in front of the person gives a text; null: it does not answer. */
  readonly cells: (text: string) => Promise<number | null>;
}
