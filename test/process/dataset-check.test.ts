import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { checkTask } from '../../src/datasets/tasks/check.ts';
import { fixTask } from '../../src/datasets/tasks/fix.ts';
import { childTask } from '../../stores/child-task.ts';
import { ensureBuilt } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

let workspace: CommandWorkspace;
beforeAll(async () => {
  ensureBuilt();
  workspace = new CommandWorkspace();
  const file = path.join(workspace.home, 'tides.csv');
  const rows = Array.from(
    { length: 20 },
    (_, at) => `What is number ${at}?,It is ${at} tides,They say: It is ${at} tides.`,
  );
  writeFileSync(
    file,
    `question,answer,context\n${rows.join('\n')}\nWhat is lost?,,Nothing here.\nWhat is wide?,Ｉt is 3 tides,They say: It is 3 tides.\n`,
  );
  await workspace.json(['dataset', 'import', file, '--format', 'financial-qa', '--name', 'Tides']);
});
afterAll(() => workspace.close());

const report = z.object({
  counted: z.number(),
  reused: z.boolean(),
  findings: z.array(
    z.object({ rule: z.string(), severity: z.string(), row: z.number().nullable(), message: z.string() }),
  ),
});

test('check, gate, fix, undo: each by one command', async () => {
  const checked = report.parse(await workspace.json(['dataset', 'check', 'tides']));
  expect(checked.findings.map(({ rule, row }) => [rule, row])).toEqual([
    ['empty-text', 20],
    ['answer-near-miss', 21],
  ]);
  expect(report.parse(await workspace.json(['dataset', 'check', 'tides'])).reused).toBe(true);
  const gate = await workspace.run(['dataset', 'check', 'tides', '--gate', 'error']);
  expect(gate.code).toBe(3);
  expect(gate.stdout).toMatch(/LLaMA-Factory will keep 21 of 22 rows: 1 incomplete/);
  const dry = await workspace.run(['dataset', 'fix', 'tides', '--dry-run']);
  expect(dry.stdout).toMatch(/row 20 \[empty-text\]: would go\n.*"Ｉt is 3 tides" → "It is 3 tides"/);
  await workspace.json(['dataset', 'fix', 'tides']);
  expect((await workspace.run(['dataset', 'check', 'tides', '--gate', 'warning'])).code).toBe(0);
  const undone = await workspace.run(['dataset', 'undo', 'tides']);
  expect(undone.stdout).toMatch(/^Tides is v-[0-9a-f]{12} again/);
});

test('the same in a child process, as the screens do it, with progress', async () => {
  const ran = await childTask(
    workspace.paths,
    { task: 'dataset', work: { op: 'check', dataset: 'tides', afresh: true } },
    checkTask.result,
  );
  expect(ran).toMatchObject({ dataset: 'Tides', reused: false, summary: { rows: 22, findings: 2 } });
  const fixed = await childTask(
    workspace.paths,
    { task: 'dataset', work: { op: 'fix', dataset: 'tides', places: [1] } },
    fixTask.result,
  );
  expect(fixed).toMatchObject({ changed: 1, dropped: 0, applied: 1 });
});
