import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { DEFAULT_CHAT_MODEL, DEFAULT_EMBEDDERS } from '../../src/models/catalogue.ts';
import { ensureBuilt, ensureModels } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

let workspace: CommandWorkspace;
beforeAll(async () => {
  ensureBuilt();
  await ensureModels([...Object.values(DEFAULT_EMBEDDERS), DEFAULT_CHAT_MODEL]);
  workspace = new CommandWorkspace();
});
afterAll(() => workspace.close());

test('the demo tells the whole story, every step right, and leaves nothing behind', async () => {
  const { code, stdout, stderr } = await workspace.run(['demo', '--json']);
  const { ok, steps } = z
    .object({ ok: z.boolean(), steps: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })) })
    .parse(JSON.parse(stdout));
  expect(steps.filter((step) => !step.ok)).toEqual([]);
  expect(ok).toBe(true);
  expect(code).toBe(0);
  expect(steps.map((step) => step.name)).toEqual([
    'models',
    'ingest en',
    'ingest zh',
    'search en',
    'search zh',
    'ask en-01',
    'ask en-02',
    'ask zh-01',
    'ask zh-02',
    'ingest en again',
    'ingest zh again',
    'verify',
  ]);
  expect(stderr).toContain('$ ragtui ask');
  // It works in a workspace of its own: this one stays as it was.
  expect(existsSync(workspace.paths.database)).toBe(false);
});
