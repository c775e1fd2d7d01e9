import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { followJob } from '../../../src/cli/follow.ts';
import { EventWriter } from '../../../src/jobs/events.ts';
import { type JobFiles, jobFiles, takeReserve, withReserve, writeJsonFile } from '../../../src/jobs/folder.ts';
import { storeIdentity } from '../../../src/jobs/identity.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';

const ID = '20261123-061530-ingest-4f2a';
let home: string;
let files: JobFiles;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-full-'));
  const folder = path.join(home, 'jobs', ID);
  mkdirSync(folder, { recursive: true });
  files = jobFiles(folder);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const noSpace = () => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

test('a full disk takes the reserve, once; any other failure leaves it alone', () => {
  takeReserve(files);
  expect(() =>
    withReserve(files, () => {
      throw new Error('something else');
    }),
  ).toThrow('something else');
  expect(existsSync(files.reserve)).toBe(true);
  let written = 0;
  withReserve(files, () => {
    if (existsSync(files.reserve)) throw noSpace();
    written++;
  });
  expect(written).toBe(1);
  expect(() =>
    withReserve(files, () => {
      throw noSpace();
    }),
  ).toThrow('ENOSPC');
});

test('a job whose last state could be told but not stored is over when its processes are', async () => {
  const paths = workspacePaths(home);
  const work = { kind: 'pull', models: ['m'] };
  writeJsonFile(files.spec, { version: 1, id: ID, name: 'pull m', createdAt: new Date().toISOString(), work });
  writeJsonFile(files.state, { state: 'running', reason: '', startedAt: null, endedAt: null, error: null });
  const supervisor = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const { pid } = supervisor;
  if (pid === undefined) throw new Error('no process');
  storeIdentity(files.supervisor, pid);
  const events = new EventWriter(path.dirname(files.events), 'supervisor');
  events.append({ type: 'state', state: 'failed', reason: 'ended with exit code 1' });
  events.close();
  const end = await followJob(paths, ID, {
    signal: new AbortController().signal,
    onEvent: () => supervisor.stdin.end(),
  });
  expect(end.state).toBe('lost');
});
