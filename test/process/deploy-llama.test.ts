import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stopJob } from '../../src/jobs/control.ts';
import { streamChat } from '../../src/models/endpoint.ts';
import { ensureWorkspace, type WorkspacePaths } from '../../src/platform/paths.ts';
import { loadAdapterVersion, rollbackAdapter, unloadAdapterVersions } from '../../src/serving/adapters/change.ts';
import { checkedVersion } from '../../src/serving/adapters/checked.ts';
import { planDeployment } from '../../src/serving/deploy.ts';
import { ensureJob, untilServed } from '../../src/serving/llama.ts';
import { llmResolver } from '../../src/serving/resolve.ts';
import { findServer, listServers } from '../../src/serving/servers.ts';
import { ensureBuilt, ensureModels, pathsWithModels } from '../support/models.ts';
import { writeRandomAdapter } from '../support/random-adapter.ts';

const MODEL = 'smollm2-135m-instruct';
/** SmolLM2-135M. */
const SHAPE = { hidden: 576, heads: 9, kvHeads: 3, ffn: 1536, layers: 30 };

let home: string;
let paths: WorkspacePaths;
beforeAll(async () => {
  ensureBuilt();
  await ensureModels([MODEL]);
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui deploy-'));
  paths = pathsWithModels(home);
  ensureWorkspace(paths);
});
afterAll(async () => {
  for (const { job } of listServers(paths)) await stopJob(paths, job.spec.id);
  rmSync(home, { recursive: true, force: true });
});

function tune(name: string, seed: number, zero = false): string {
  const folder = path.join(home, name);
  writeRandomAdapter(folder, { seed, rank: 8, alpha: 16, dtype: 'F32', model: SHAPE, zero });
  return folder;
}
async function answer(name: string): Promise<string> {
  const endpoint = await llmResolver(paths)(name, {});
  const messages = [{ role: 'user' as const, content: 'Name three colours.' }];
  return (await streamChat(endpoint, { messages, sampling: { temperature: 0, seed: 1, maxTokens: 12 }, strict: true }))
    .text;
}

test('the embedded server takes adapters as versions, goes back to one, and says of one that it does nothing', async () => {
  const work = planDeployment(paths, {
    model: MODEL,
    engine: 'llama',
    adapters: [`sft=${tune('one', 1)}`],
    contextTokens: 512,
  });
  const job = await ensureJob(paths, work);
  const served = await untilServed(paths, job.spec.id, 'sft', {});
  expect(served.model).toBe('sft.v1');
  expect(await checkedVersion(paths, job.spec.id, 'sft.v1')).toMatchObject({ effect: { state: 'works', noise: 0 } });
  const [base, first] = [await answer(MODEL), await answer('sft')];
  expect(first).not.toBe(base);

  await loadAdapterVersion(paths, `sft=${tune('two', 2)}`);
  const second = await answer('sft');
  expect(second).not.toBe(first);
  expect(await answer('sft.v1')).toBe(first);
  expect((await rollbackAdapter(paths, 'sft')).current?.served).toBe('sft.v1');
  expect(await answer('sft')).toBe(first);
  expect((await rollbackAdapter(paths, 'sft', 'forward')).current?.served).toBe('sft.v2');
  expect(await answer('sft')).toBe(second);

  const empty = await loadAdapterVersion(paths, `empty=${tune('empty', 3, true)}`);
  expect(empty.current && (await checkedVersion(paths, job.spec.id, empty.current.served))).toMatchObject({
    effect: { state: 'nothing', largest: 0, noise: 0 },
  });
  expect((await unloadAdapterVersions(paths, 'empty')).adapter).toBeNull();
  expect(findServer(paths, ['empty'])).toBeUndefined();
  // Of another shape: the server says so in its own words, and nothing of it stays in the list.
  const other = path.join(home, 'other');
  writeRandomAdapter(other, { seed: 4, rank: 8, alpha: 16, dtype: 'F32' });
  await expect(loadAdapterVersion(paths, `other=${other}`)).rejects.toThrow(/belongs to another base/);
  expect(listServers(paths)[0]?.adapters.map(({ name }) => name)).toEqual(['sft']);
});
