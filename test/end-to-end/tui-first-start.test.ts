import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_CHAT_MODEL, DEFAULT_EMBEDDERS } from '../../src/models/catalogue.ts';
import { fixturesDir } from '../../src/platform/entry.ts';
import { ensureBuilt, ensureModels, modelsCache } from '../support/models.ts';
import { type App, launch } from '../support/pty.ts';
import { TestWorkspace } from '../support/workspace.ts';

// The main job on the screen, with real models: an empty workspace, the guide, sample documents, an answer; then a
// folder of the person's own. The models come from a local folder, so that the pull itself is driven too.

const MINUTES = 60_000;

let workspace: TestWorkspace;
let app: App;

beforeAll(async () => {
  ensureBuilt();
  await ensureModels([DEFAULT_EMBEDDERS.en, DEFAULT_EMBEDDERS.zh, DEFAULT_CHAT_MODEL]);
});
beforeEach(() => {
  workspace = new TestWorkspace();
});
afterEach(async () => {
  await app.dispose();
  await workspace.remove();
});

const open = (options: { columns: number; rows: number; language: 'en' | 'zh' }): App =>
  launch({
    ...options,
    home: workspace.paths.home,
    env: {
      LANG: options.language === 'zh' ? 'zh_CN.UTF-8' : 'en_US.UTF-8',
      LC_ALL: undefined,
      LC_MESSAGES: undefined,
      // An empty cache of its own, filled from the folder that all tests share.
      RAGTUI_MODELS_CACHE: path.join(workspace.folder, 'models'),
      RAGTUI_MODELS_DIR: modelsCache(),
    },
  });

describe('first start on the screen', () => {
  let documents: string;
  beforeAll(() => {
    documents = mkdtempSync(path.join(os.tmpdir(), 'ragtui own documents '));
    cpSync(path.join(fixturesDir(), 'sample-kb', 'en', 'safety.txt'), path.join(documents, 'safety.txt'));
  });
  afterAll(() => rmSync(documents, { recursive: true, force: true }));

  it(
    'leads to an answer about the sample documents, then about a folder of one’s own, at 80×24',
    async () => {
      app = open({ columns: 80, rows: 24, language: 'en' });
      await app.waitFor('Which language are your documents in?');
      await app.waitIdle();
      app.press('enter');
      await app.waitFor('[x] BGE small English v1.5, int8');
      await app.waitFor('[x] SmolLM2 135M Instruct');
      app.press('enter');
      await app.waitFor('What shall be in the knowledge base?', 2 * MINUTES);
      app.press('enter');
      await app.waitFor('Enter asks this', 2 * MINUTES);
      await app.waitIdle();
      // The focus is in the field: letters are text there.
      app.type('How high above the sea is Larkspur Hill Observatory?');
      app.press('enter');
      await app.waitFor(/first token .*tokens\/s/, 2 * MINUTES);
      await app.waitFor(/prompt \d+ \+ answer \d+ tokens/);
      app.press('tab', 'tab');
      await app.waitFor('on a ridge 1,340');
      expect(app.screen().join('\n')).toMatch(/1 .*about\.md +rrf 0\.\d+/);

      // A base of one's own, through the kb screen.
      app.press('2');
      await app.waitFor('sample');
      await app.waitIdle();
      app.press('n');
      await app.waitFor('A new knowledge base');
      app.type('mine');
      app.press('enter');
      await app.waitFor('Add documents to mine');
      app.press('ctrl+u');
      app.paste(documents);
      await app.waitFor('✓ folder');
      app.press('enter');
      await app.waitFor(/safety\.txt.*ready/, 2 * MINUTES);
      await app.waitIdle();
      app.press('a');
      await app.waitFor('mine · smollm2');
      await app.waitIdle();
      app.type('Where do people meet when the fire bell rings?');
      app.press('enter');
      await app.waitFor(/❯ Where do people meet[\s\S]*prompt \d+ \+ answer \d+ tokens/, 2 * MINUTES);
      app.press('tab', 'tab');
      await app.waitFor('old pear tree. Do not use the lift');

      app.press('q');
      await app.waitFor('These go on without the window');
      app.press('y');
      expect(await app.exit).toEqual({ code: 0, signal: 0 });
      expect(app.model.mode(1049)).toBe(false);
      expect(app.model.mode(25)).toBe(true);
    },
    5 * MINUTES,
  );

  it(
    'speaks Chinese where the environment does, and answers about Chinese documents, at 120×40',
    async () => {
      app = open({ columns: 120, rows: 40, language: 'zh' });
      await app.waitFor('您的文档是什么语言？');
      await app.waitIdle();
      app.press('enter');
      await app.waitFor('[x] BGE small Chinese v1.5, int8');
      app.press('enter');
      await app.waitFor('知识库里放什么？', 2 * MINUTES);
      app.press('enter');
      await app.waitFor('按 Enter 提问', 2 * MINUTES);
      await app.waitIdle();
      app.type('参加炒茶体验要满多少岁？');
      app.press('enter');
      await app.waitFor(/提示 \d+ \+ 回答 \d+ 词元/, 2 * MINUTES);
      // Side by side: the passages are in view without a key.
      await app.waitFor('炒茶体验：每人九十元');
      app.press('ctrl+c', 'ctrl+c');
      expect((await app.exit).code).toBe(0);
      expect(app.model.mode(1049)).toBe(false);
    },
    5 * MINUTES,
  );
});
