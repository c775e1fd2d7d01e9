import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
import { fixturesDir } from '../../src/platform/entry.ts';
import { DONE, delta, type FakeOpenAi, type FakeReply, fakeOpenAi, status, usage } from '../support/fake-openai.ts';
import { TestWorkspace } from '../support/workspace.ts';
import { wordMaker } from './corpus.ts';
import type { Recording } from './recorder.ts';

export const COMPARED_KB = 'samples';
const CHAT = 'recorded';

/** A workspace whose LLM streams to several columns at once, to each something else. */
export interface CompareHome {
  readonly workspace: TestWorkspace;
  /** For `record`. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface Streams {
  readonly tokens: number;
  /** To each column. */
  readonly tokensPerSecond: number;
}

/** A workspace with the sample knowledge base and such an LLM. */
export async function makeCompareHome(streams: Streams): Promise<CompareHome> {
  const workspace = new TestWorkspace();
  await workspace.createKb(COMPARED_KB);
  await workspace.ingest(COMPARED_KB, [path.join(fixturesDir(), 'sample-kb', 'en')]);
  const chat = await startChat(streams);
  await addEndpoint(workspace.paths, { name: CHAT, kind: 'chat', url: chat.url, model: 'made-up' });
  const config = path.join(workspace.folder, 'config');
  mkdirSync(config);
  writeFileSync(path.join(config, 'config.toml'), `[defaults]\nkb = "${COMPARED_KB}"\nllm = "${CHAT}"\n`);
  const { home, models } = workspace.paths;
  return {
    workspace,
    env: { RAGTUI_HOME: home, RAGTUI_CONFIG_HOME: config, RAGTUI_MODELS_CACHE: models },
    close: async () => {
      await chat.close();
      await workspace.remove();
    },
  };
}

/** The words of the answer to column `number`, a paragraph now and then. The last one is told apart. */
export function columnPieces(number: number, tokens: number): string[] {
  const words = wordMaker(99 + number)(tokens).split(' ');
  return words.map((word, at) =>
    at === tokens - 1 ? `the-end-of-${number}` : at % 80 === 79 ? `${word}.\n\n` : `${word} `,
  );
}

/** The first words of a column, by which it is seen to have begun. */
export const columnBegins = (number: number): string => columnPieces(number, 3).join('').trim().split(' ')[0] ?? '';

async function startChat({ tokens, tokensPerSecond }: Streams): Promise<FakeOpenAi> {
  const chat = await fakeOpenAi();
  let asked = 0;
  const answer: FakeReply = async (response, request) => {
    if (!request.path.endsWith('/chat/completions')) return status(404, 'nothing else here')(response, request);
    let gone = false;
    void request.closed.then(() => (gone = true));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const pieces = columnPieces(asked++, tokens);
    const started = performance.now();
    for (const [number, content] of pieces.entries()) {
      const due = started + (number * 1000) / tokensPerSecond;
      // A timer is good for a millisecond: what is due in less is sent at once.
      if (due - performance.now() > 1) await delay(due - performance.now());
      if (gone) return;
      response.write(delta({ content }));
    }
    response.end(delta({}, 'stop') + usage(300, pieces.length) + DONE);
  };
  chat.script(answer);
  return chat;
}

const SETTINGS = 'The selected column';

/** Opens Compare with so many columns, all asked at once, and the question field ready. */
export async function openCompare(app: Recording, columns: number): Promise<void> {
  await app.seen('samples 10 documents');
  app.press('7');
  await app.seen('2 columns');
  await app.seen('❯ ');
  app.press('tab');
  for (let count = 3; count <= columns; count++) {
    app.press('a');
    await app.seen(`${count} columns`);
    // Its settings open at once.
    await app.seen(SETTINGS);
    app.press('esc');
    await app.seen((screen) => !screen.some((row) => row.includes(SETTINGS)));
  }
  app.press('t');
  await app.seen(/together/);
  // Back to the question, by the mouse.
  const row = 1 + app.screen().findIndex((line) => line.includes('❯'));
  app.type(`\u001b[<0;10;${row}M\u001b[<0;10;${row}m`);
}
