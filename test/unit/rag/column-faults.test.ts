import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addEndpoint } from '../../../src/models/endpoint-entries.ts';
import type { Endpoint } from '../../../src/models/types.ts';
import { useNetwork } from '../../../src/platform/network.ts';
import { type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';
import { type ColumnResult, type CompareEvent, compare } from '../../../src/rag/compare.ts';
import { columnSchema } from '../../../src/rag/types.ts';
import { llmResolver } from '../../../src/serving/resolve.ts';
import { fakeKb } from '../../store/fakes.ts';
import { selfSigned } from '../../support/certificates.ts';
import { type FakeOpenAi, type FakeReply, fakeOpenAi } from '../../support/fake-openai.ts';
import { replay, streamNames } from '../../support/streams.ts';

const KEY = 'canary-key-0123456789';
const HEALTHY = 'The sky is blue';

let home: string;
let paths: WorkspacePaths;
let healthy: FakeOpenAi;
let faulty: FakeOpenAi;
let number = 0;
beforeEach(async () => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-faults-'));
  paths = workspacePaths(home, { RAGTUI_CONFIG_HOME: home });
  healthy = await fakeOpenAi();
  faulty = await fakeOpenAi();
  healthy.script(replay('healthy'));
  useNetwork({ env: {}, caFile: undefined });
});
afterEach(async () => {
  useNetwork(undefined);
  await healthy.close();
  await faulty.close();
  rmSync(home, { recursive: true, force: true });
});

interface Seen {
  readonly result: ColumnResult;
  readonly events: readonly CompareEvent[];
}

/** Compares a healthy endpoint with a faulty one, through the resolver and everything below it. */
async function compared(more: Partial<Endpoint> = {}, retries?: number): Promise<Seen> {
  // Limits and pauses are kept by name within a process.
  const name = `faulty-${number++}`;
  const preset = 'llama-server';
  await addEndpoint(paths, { name: `healthy-${number}`, kind: 'chat', url: healthy.url, model: 'm', preset });
  const endpoint = { name, kind: 'chat' as const, url: faulty.url, model: 'm', keyEnv: 'FAULTY_KEY', preset };
  await addEndpoint(paths, { ...endpoint, ...more });
  const resolve = llmResolver(paths, { FAULTY_KEY: KEY });
  const column = (which: string, llm: string) => columnSchema.parse({ name: which, llm, context: 'none' });
  const events: CompareEvent[] = [];
  const { columns } = await compare(
    {
      kb: fakeKb({}).client,
      paths,
      resolveLlm: async (llm, options) => {
        const found = await resolve(llm, options);
        return retries === undefined ? found : { ...found, retries };
      },
    },
    {
      question: 'Why?',
      kb: 'notes',
      columns: [column('good', `healthy-${number}`), column('bad', name)],
      order: 'together',
    },
    { onEvent: (at, event) => void (at === 1 && events.push(event)) },
  );
  const [good, bad] = columns;
  expect([good?.state, good?.answer?.answer]).toEqual(['ok', expect.stringContaining(HEALTHY)]);
  if (!bad) throw new Error('a column is missing');
  expect(JSON.stringify([bad, events])).not.toContain(KEY);
  expect(bad.error === null || bad.error.hint !== '').toBe(true);
  return { result: bad, events };
}

const FAULTS: readonly (readonly [string, string, RegExp, string])[] = [
  ['unauthorized-echo', 'permission', /refused the key \(401\): Incorrect API key provided: \[key\]/, ''],
  ['forbidden', 'permission', /does not allow this \(403\): Project does not have access/, ''],
  ['model-not-found', 'not-found', /does not know the model m \(404\)/, ''],
  ['path-not-found', 'not-found', /has nothing at \/v1\/chat\/completions \(404\): Not Found/, ''],
  ['no-credit', 'permission', /no credit left \(429\)/, ''],
  ['server-error', 'unavailable', /failed \(500\): CUDA out of memory.* GiB/, ''],
  ['cut', 'network', /ended the connection in the middle of an answer/, 'It is about'],
  ['malformed', 'corrupt', /an event that is no chat completion/, 'It is'],
  ['error-in-stream', 'unavailable', /failed while answering: The server had an error/, 'It is'],
  ['gave-up', 'unavailable', /gave up in the middle of an answer \(insufficient_system_resource\)/, 'It is'],
  ['html-page', 'corrupt', /answers with a web page/, ''],
  ['tool-call', 'unsupported', /wants to call a tool \(search\) instead of answering/, ''],
  ['redirect', 'network', /sends us on to https:\/\/elsewhere\.example\/v1\/chat\/completions \(307\)/, ''],
  ['field-refused', 'invalid', /does not take the field max_tokens \(400\)/, ''],
  ['too-long', 'invalid', /does not fit m: This model's maximum context length/, ''],
];

test.each(FAULTS)('%s is a state of its column, and the other column goes on', async (name, code, message, partial) => {
  faulty.script(replay(name));
  const { result } = await compared();
  expect([result.state, result.error?.code, result.partial]).toEqual(['failed', code, partial]);
  expect(result.error?.message).toMatch(message);
});

test.each([
  ['silent', ''],
  ['stalled', 'It is about'],
])('%s: a server that says nothing more is a timeout', async (name, partial) => {
  faulty.script(replay(name));
  const { result } = await compared({ timeouts: { firstByte: 0.15, stall: 0.1 } });
  expect([result.state, result.error?.code, result.partial]).toEqual(['failed', 'timeout', partial]);
  expect(result.error?.message).toMatch(name === 'silent' ? /nothing for 0\.15 s/ : /nothing for 0\.1 s/);
});

test('too many requests: waits as asked, shows it, answers, and counts the tries', async () => {
  faulty.script(replay('too-many-requests'), replay('too-many-requests'), replay('healthy'));
  const { result, events } = await compared();
  expect(result).toMatchObject({ state: 'ok', answer: { retries: 2 } });
  const waits = events.flatMap((event) => (event.type === 'status' && /try/.test(event.text) ? [event.text] : []));
  expect(waits).toEqual([
    expect.stringMatching(/^waits 0\.1 s: 429 \(try 2 of 5\)$/),
    expect.stringMatching(/^waits 0\.1 s: 429 \(try 3 of 5\)$/),
  ]);
});

test('a gateway that never comes back is told after the last try', async () => {
  faulty.script(replay('gateway'));
  const { result } = await compared();
  expect(result.error?.message).toMatch(/failed \(502\)\.$/);
  expect(faulty.requests).toHaveLength(5);
});

test('answers that end otherwise are answers: empty, cut by length, filtered, compressed, with reasoning, in Chinese', async () => {
  const outcome = async (reply: FakeReply) => {
    faulty.script(reply);
    const { state, answer } = (await compared()).result;
    return [state, answer?.finish, answer?.answer, answer?.usage];
  };
  expect(await outcome(replay('empty'))).toEqual(['empty', 'stop', '', { promptTokens: 20, completionTokens: 0 }]);
  expect((await outcome(replay('length-stop'))).slice(0, 2)).toEqual(['ok', 'length']);
  expect((await outcome(replay('content-filter'))).slice(0, 3)).toEqual(['ok', 'filtered', 'It is possible']);
  expect((await outcome(replay('gzip'))).slice(0, 3)).toEqual(['ok', 'stop', 'It is 80 degrees.']);
  expect(await outcome(replay('reasoning'))).toEqual([
    'ok',
    'stop',
    'It is 80 degrees.',
    { promptTokens: 50, completionTokens: 9, cachedTokens: 32 },
  ]);
  expect((await outcome(replay('chinese-emoji'))).slice(2)).toEqual([
    '水温是八十度左右。👩‍🔬✅',
    { promptTokens: 120, completionTokens: 9, cachedTokens: 64 },
  ]);
});

test('an answer that repeats our key is kept without it', async () => {
  faulty.script(replay('key-echo'));
  const { result } = await compared();
  expect(result.answer?.answer).toBe('Your key is [key], said once more: [key].');
});

test('what it cost, from the usage of the server; an estimate where it tells none, marked as one', async () => {
  const prices = { input: 1, output: 2, cachedInput: 0.25, currency: 'CNY' };
  faulty.script(replay('chinese-emoji'));
  const told = (await compared({ prices })).result.answer;
  // 56 at 1, 64 at 0.25 and 9 at 2 per million.
  expect(told?.cost).toEqual({ amount: expect.closeTo(90e-6, 12), currency: 'CNY' });
  expect(told?.usage.estimated).toBeUndefined();
  faulty.script((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end('data: {"choices":[{"delta":{"content":"yes"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
  });
  const estimated = (await compared({ prices })).result.answer;
  expect(estimated?.usage).toMatchObject({ completionTokens: 1, estimated: true });
  expect(estimated?.cost?.amount).toBeGreaterThan(2e-6);
});

test('a server that is not there, with the wrong certificate, without its key', async () => {
  const gone = await fakeOpenAi();
  await gone.close();
  const refused = await compared({ url: gone.url }, 0);
  expect(refused.result.error).toMatchObject({ code: 'unavailable', message: `Nothing answers at ${gone.url}.` });

  const secure = await fakeOpenAi(selfSigned());
  const untrusted = await compared({ url: secure.url });
  expect(untrusted.result.error).toMatchObject({
    code: 'network',
    message: expect.stringContaining('signed by itself'),
  });
  expect(secure.requests).toHaveLength(0);
  await secure.close();

  const keyless = await compared({ keyEnv: 'NOT_SET' });
  expect(keyless.result.error).toMatchObject({ code: 'permission', message: expect.stringContaining('NOT_SET') });
});

test('a host that no resolver knows is said so', async () => {
  const { result } = await compared({ url: 'http://no-such-host.invalid/v1' });
  expect(result.error).toMatchObject({ code: 'network', message: expect.stringContaining('cannot be found') });
});

test('streams at their recorded pace give their recorded times', async () => {
  faulty.script(replay('reasoning', 'recorded'));
  const { result } = await compared();
  const { timing, stream } = result.answer ?? {};
  // Its first word came 530 ms after the request.
  expect(timing?.firstTokenMs).toBeGreaterThan(520);
  expect(stream?.atMs).toHaveLength(9);
  expect(stream?.chars).toEqual([5, 4, 9, 1, 2, 3, 3, 8, 1]);
});

test('every fixture is a stream that can be replayed', () => {
  const names = streamNames();
  expect(names.length).toBeGreaterThan(20);
  for (const name of names) expect(typeof replay(name)).toBe('function');
});
