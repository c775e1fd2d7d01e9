import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { RagtuiError } from '../../platform/errors.ts';
import { extractMember } from './archive.ts';
import type { FetchOptions, SourceDriver, SourceOf } from './source.ts';
import { failureOf, reasonIn, runTool } from './tool.ts';

type MavenSource = SourceOf<'maven'>;

const STALL_MS = 120_000;
const INSTALL_HINT = 'Install Maven and Java (Debian: apt install maven), then run the same command again.';

/** A file inside a jar, fetched with the user's own mvn (their mirrors and proxies apply). The jar is only unpacked. */
export const mavenSource: SourceDriver<MavenSource> = {
  describe: (source) => `Maven artifact ${source.artifact}`,

  async fetch(file, source, part, options) {
    const folder = path.join(options.packages, `maven-${source.artifact.replaceAll(':', '-')}`);
    const jar = jarIn(folder) ?? (await download(source, folder, options));
    try {
      await extractMember(jar, source.member, part, {
        ...(options.signal ? { signal: options.signal } : {}),
        onBytes: (bytes) => options.onBytes(bytes, 'extracting', file.bytes),
      });
    } catch (error) {
      if (error instanceof RagtuiError && error.code === 'corrupt') rmSync(jar, { force: true });
      throw error;
    }
    return undefined;
  },
};

async function download(source: MavenSource, folder: string, options: FetchOptions): Promise<string> {
  const incoming = path.join(folder, 'incoming');
  rmSync(incoming, { recursive: true, force: true });
  mkdirSync(incoming, { recursive: true, mode: 0o700 });
  const output = await runTool({
    command: 'mvn',
    args: [
      '--batch-mode',
      '--quiet',
      // Else a failure of the last 24 hours would be remembered instead of tried again.
      '--update-snapshots',
      '-Dstyle.color=never',
      '-Daether.connector.connectTimeout=10000',
      '-Dmaven.wagon.http.retryHandler.count=1',
      'dependency:copy',
      `-Dartifact=${source.artifact}`,
      `-DoutputDirectory=${incoming}`,
    ],
    // A pom.xml where the user happens to stand has no say in this.
    cwd: incoming,
    env: options.env,
    watch: [artifactFolder(source.artifact, options.env), incoming],
    onBytes: (bytes) => options.onBytes(bytes, 'downloading'),
    stallMs: STALL_MS,
    ...(options.signal ? { signal: options.signal } : {}),
  }).catch((error: unknown) => {
    if (!(error instanceof RagtuiError) || error.code !== 'not-found') throw error;
    throw new RagtuiError('not-found', 'mvn is not installed', INSTALL_HINT, { cause: error });
  });
  if (output !== undefined) throw failureOf(output, explain(output));
  const jar = jarIn(incoming);
  if (!jar) throw new RagtuiError('unavailable', 'mvn ended well but left no jar');
  // Only a jar that mvn has finished copying ever stands in `folder`.
  const kept = path.join(folder, path.basename(jar));
  renameSync(jar, kept);
  return kept;
}

function explain(output: string): string {
  if (/JAVA_HOME|No such file.*java|java: not found|java: command not found/i.test(output)) return 'mvn found no Java';
  if (
    /UnknownHost|Connect(ion)? (timed out|refused|reset)|Network is unreachable|No route to host|offline mode|Name or service not known|Temporary failure/i.test(
      output,
    )
  ) {
    return 'mvn cannot reach its repository';
  }
  return `mvn: ${reasonIn(output, [/Could not (find|transfer)/i, /ERROR/])}`;
}

function jarIn(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const name = readdirSync(folder).find((item) => item.endsWith('.jar'));
  return name && path.join(folder, name);
}

/** Where mvn keeps the artifact while it downloads: the user's local repository. */
function artifactFolder(artifact: string, env: NodeJS.ProcessEnv): string {
  const [group = '', name = '', version = ''] = artifact.split(':');
  return path.join(localRepository(env), ...group.split('.'), name, version);
}

function localRepository(env: NodeJS.ProcessEnv): string {
  const option = /-Dmaven\.repo\.local=(\S+)/.exec(`${env['MAVEN_OPTS'] ?? ''} ${env['MAVEN_ARGS'] ?? ''}`)?.[1];
  if (option) return option;
  const home = path.join(env['HOME'] ?? os.homedir(), '.m2');
  try {
    const settings = readFileSync(path.join(home, 'settings.xml'), 'utf8');
    const named = /<localRepository>\s*([^<$]+?)\s*<\/localRepository>/.exec(settings)?.[1];
    if (named) return named;
  } catch {
    // No settings: the default place.
  }
  return path.join(home, 'repository');
}
