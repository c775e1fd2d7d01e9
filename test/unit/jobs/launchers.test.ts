import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EventWriter } from '../../../src/jobs/events.ts';
import { localLauncher } from '../../../src/jobs/launchers/local.ts';
import type { Launcher } from '../../../src/jobs/launchers/types.ts';
import { type JobEvent, jobIdSchema } from '../../../src/jobs/types.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';

const ID = jobIdSchema.parse('20261129-040000-pull-abcd');
let home: string;
let folder: string;
let launcher: Launcher;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-launchers-'));
  folder = path.join(home, 'jobs', ID);
  mkdirSync(folder, { recursive: true });
  const work = { kind: 'pull', models: ['m'] };
  const spec = { version: 1, id: ID, name: 'n', createdAt: '2026-11-29T04:00:00.000Z', work };
  writeFileSync(path.join(folder, 'spec.json'), JSON.stringify(spec));
  launcher = localLauncher(workspacePaths(home, {}));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Attaches until `count` events came; returns their texts and the offset behind the last. */
async function attach(count: number, from?: number): Promise<{ texts: string[]; offset: number }> {
  const controller = new AbortController();
  const seen: JobEvent[] = [];
  let offset = 0;
  await launcher.attach(ID, {
    signal: controller.signal,
    ...(from === undefined ? {} : { from }),
    onEvents: (events, next) => {
      seen.push(...events);
      offset = next;
      if (seen.length >= count) controller.abort();
    },
  });
  return { texts: seen.map((event) => (event.type === 'log' ? event.text : event.type)), offset };
}

test('a job is attached to, let go and attached to again where it was, without a gap or a repetition', async () => {
  const writer = new EventWriter(folder, 'worker');
  const log = (text: string) => writer.append({ type: 'log', level: 'info', text });
  for (const text of ['one', 'two']) log(text);
  const first = await attach(2);
  expect(first.texts).toEqual(['one', 'two']);
  for (const text of ['three', 'four']) log(text);
  expect((await attach(2, first.offset)).texts).toEqual(['three', 'four']);
});

test('what a job made is fetched once each, the later of two, and only what is there', async () => {
  const writer = new EventWriter(folder, 'worker');
  const made = (name: string, file: string) => writer.append({ type: 'artifact', name, path: file });
  const [old, now] = ['old', 'now'].map((name) => path.join(home, name));
  for (const file of [old, now]) writeFileSync(file ?? '', 'x');
  made('adapter', old ?? '');
  made('adapter', now ?? '');
  made('gone', path.join(home, 'gone'));
  made('only a word', '');
  expect(await launcher.fetch(ID)).toEqual([{ name: 'adapter', path: now }]);
});

test('its state is that of its folder; nobody can be attached to a job that is not there', async () => {
  expect(await launcher.state(ID)).toMatchObject({ state: 'lost', spec: { id: ID } });
  rmSync(folder, { recursive: true });
  await expect(launcher.state(ID)).rejects.toMatchObject({ code: 'not-found' });
});
