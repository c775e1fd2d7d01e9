import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { chats, depthIn, promptsOf, wells } from '../support/evaluations.ts';
import { type FakeOpenAi, fakeOpenAi, says } from '../support/fake-openai.ts';
import { ensureBuilt } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

let workspace: CommandWorkspace;
let server: FakeOpenAi;
let fickle = false;

beforeAll(async () => {
  ensureBuilt();
  workspace = new CommandWorkspace();
  server = await fakeOpenAi();
  // Wells of a depth that ends in 5 are told in other words the second time.
  server.script(
    chats((prompt) => {
      const depth = depthIn(prompt);
      return says([fickle && depth.includes('5 ') ? `about ${depth}` : depth]);
    }),
  );
  await workspace.json(['models', 'add', 'fake', '--url', server.url, '--model', 'm']);
  const file = path.join(workspace.home, 'wells.json');
  writeFileSync(file, JSON.stringify(wells(20)));
  await workspace.json(['dataset', 'import', file, '--format', 'squad', '--name', 'wells']);
});

afterAll(async () => {
  await workspace?.close();
  await server?.close();
});

const reportSchema = z.object({
  run: z.string(),
  replay: z.string(),
  capsule: z.array(z.object({ what: z.string() })),
  columns: z.array(
    z.looseObject({
      items: z.number(),
      same: z.number(),
      failed: z.number(),
      metrics: z.record(z.string(), z.unknown()),
    }),
  ),
});

it('does a run again and says what differs; a sample says how often the endpoint repeats itself', async () => {
  const column = ['--column', 'name=copies,llm=fake,context=gold', '--metrics', 'exact'];
  await workspace.json(['eval', 'run', '--dataset', 'wells', '--split', 'all', ...column, '--wait']);
  const { runs } = z
    .object({ runs: z.array(z.object({ id: z.string() })) })
    .parse(await workspace.json(['eval', 'list']));
  const first = runs[0]?.id ?? '';
  let asked = promptsOf(server).length;
  const replay = reportSchema.parse(await workspace.json(['eval', 'replay', first]));
  expect(replay).toMatchObject({ run: first, capsule: [], columns: [{ items: 20, same: 20, failed: 0, metrics: {} }] });
  expect(promptsOf(server).length - asked).toBe(20);

  fickle = true;
  asked = promptsOf(server).length;
  const again = await workspace.run(['eval', 'replay', first]);
  expect(again.code).toBe(0);
  // Depths are 10 to 29 metres: two of 20 end in 5.
  expect(again.stdout).toMatch(/copies +20 +18 +90\.0 \[/);
  expect(again.stdout).toMatch(/copies: exact 100\.0 → 90\.0 on 20 items/);
  expect(again.stdout).toContain('"25 metres" → "about 25 metres"');

  asked = promptsOf(server).length;
  const sample = reportSchema.parse(await workspace.json(['eval', 'agreement', first, '--sample', '8']));
  expect([sample.columns[0]?.items, promptsOf(server).length - asked]).toEqual([8, 8]);
  const compared = reportSchema.parse(await workspace.json(['eval', 'agreement', first, '--with', sample.replay]));
  expect(compared).toEqual(sample);
  expect(promptsOf(server).length - asked).toBe(8);
});
