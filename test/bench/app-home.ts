import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
import { fixturesDir } from '../../src/platform/entry.ts';
import { DONE, delta, type FakeOpenAi, type FakeReply, fakeOpenAi, status, usage } from '../support/fake-openai.ts';
import { TestWorkspace } from '../support/workspace.ts';
import { wordMaker } from './corpus.ts';
import type { BenchContext } from './types.ts';

export const COLUMNS = 120;
export const ROWS = 40;
export const KB = 'samples';
const CHAT = 'recorded';
/** A quick server: two streams of 30 tokens a second each would be 60. */
export const TOKENS_PER_SECOND = 60;

/** A workspace as a person has it after the first day, with an LLM that streams a made-up answer at an even pace. */
export interface AppHome {
  readonly workspace: TestWorkspace;
  /** For `record`. */
  readonly env: Readonly<Record<string, string>>;
}

export async function makeAppHome(context: BenchContext): Promise<AppHome> {
  context.log('a workspace with the sample knowledge base');
  const workspace = new TestWorkspace();
  context.defer(() => workspace.remove());
  await workspace.createKb(KB);
  await workspace.ingest(KB, [path.join(fixturesDir(), 'sample-kb', 'en')]);
  const chat = await startChat();
  context.defer(() => chat.close());
  await addEndpoint(workspace.paths, { name: CHAT, kind: 'chat', url: chat.url, model: 'made-up' });
  const config = path.join(workspace.folder, 'config');
  mkdirSync(config);
  writeFileSync(path.join(config, 'config.toml'), `[defaults]\nkb = "${KB}"\nllm = "${CHAT}"\n`);
  const { home, models } = workspace.paths;
  return {
    workspace,
    env: { RAGTUI_HOME: home, RAGTUI_CONFIG_HOME: config, RAGTUI_MODELS_CACHE: models },
  };
}

async function startChat(): Promise<FakeOpenAi> {
  const chat = await fakeOpenAi();
  const answer: FakeReply = async (response, request) => {
    if (!request.path.endsWith('/chat/completions')) return status(404, 'nothing else here')(response, request);
    let gone = false;
    void request.closed.then(() => (gone = true));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const pieces = answerPieces();
    const started = performance.now();
    for (const [number, content] of pieces.entries()) {
      const due = started + (number * 1000) / TOKENS_PER_SECOND;
      await delay(Math.max(0, due - performance.now()));
      if (gone) return;
      response.write(delta({ content }));
    }
    response.end(delta({}, 'stop') + usage(300, pieces.length) + DONE);
  };
  chat.script(answer);
  return chat;
}

/** A minute of words, with a paragraph now and then. */
export function answerPieces(): string[] {
  const words = wordMaker(99)(60 * TOKENS_PER_SECOND).split(' ');
  return words.map((word, at) => (at % 80 === 79 ? `${word}.\n\n` : `${word} `));
}
