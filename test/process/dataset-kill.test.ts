import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readManifest } from '../../src/datasets/store.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { ensureBuilt } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

let workspace: CommandWorkspace;
beforeAll(() => {
  ensureBuilt();
  workspace = new CommandWorkspace();
});
afterAll(() => workspace.close());

/** Every third row asks the same, so that training leaks into the test part. */
function tides(name: string, rows: number): string {
  const file = path.join(workspace.home, name);
  const lines = Array.from({ length: rows }, (_, at) => {
    const question = at % 3 === 0 ? 'How high was it?' : `How high was tide ${at}?`;
    return `${question},${at * 3} feet,Gauge ${at} of harbour ${at * 31} stood at ${at * 3} feet on day ${at * 17}.`;
  });
  writeFileSync(file, `question,answer,context\n${lines.join('\n')}\n`);
  return file;
}

test('a check that is killed is no check: the next one starts anew and clears away what lay there', async () => {
  const file = tides('many.csv', 30_000);
  await workspace.json(['dataset', 'import', file, '--format', 'financial-qa', '--name', 'many']);
  const { slug, version } = readManifest(workspace.paths, 'many');
  const folder = path.join(workspace.paths.datasets, slug);
  const left = (): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      path.dirname(name).endsWith('findings'),
    );
  const child = workspace.start(['dataset', 'check', 'many']);
  const ended = once(child, 'exit');
  expect(await waitUntil(() => left().length > 0, 30_000)).toBeTruthy();
  child.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(left().filter((name) => !name.endsWith('.tmp'))).toEqual([]);
  expect(await workspace.json(['dataset', 'check', 'many'])).toMatchObject({ reused: false });
  expect(left().filter((name) => name.endsWith('.tmp'))).toEqual([]);
  expect(readManifest(workspace.paths, 'many').version).toBe(version);
});

test.each(['after_fsync:1', 'after_rename:2', 'after_fsync:3'])(
  'prepare, killed by SIGKILL %s: no file is half there, and the next call makes what an undisturbed one makes',
  async (at) => {
    const file = tides('few.csv', 120);
    const made = async (name: string, kill: boolean): Promise<Map<string, string>> => {
      const home = path.join(workspace.home, `${name} ${at}`);
      const out = path.join(home, 'out');
      const args = ['--home', home, 'dataset', 'prepare', file, '--out', out, '--format', 'financial-qa'];
      if (kill) {
        const killed = await workspace.run(args, { RAGTUI_CRASH_AT: at });
        expect([killed.code, killed.stdout]).toEqual([null, '']);
        expect(existsSync(path.join(out, 'few-prepared.json'))).toBe(false);
      }
      await workspace.json(args);
      const names = readdirSync(out).filter((one) => one !== 'few-prepared.json');
      expect(readdirSync(path.join(home, 'datasets')).filter((one) => one.startsWith('.staged'))).toEqual([]);
      return new Map(names.sort().map((one) => [one, readFileSync(path.join(out, one), 'utf8')]));
    };
    const whole = await made('whole', false);
    expect(whole.size).toBeGreaterThan(3);
    expect(await made('killed', true)).toEqual(whole);
  },
);
