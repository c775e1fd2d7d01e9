import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadTestResultSchema } from '../../src/serving/load-test/types.ts';
import { ensureBuilt } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

/** A server of known speed: so many answers at a time, the others wait; a first token after so long, then one each step. */
const SLOTS = 4;
const FIRST_MS = 250;
const STEP_MS = 25;
const TOKENS = 11;
const SERVICE_MS = FIRST_MS + (TOKENS - 1) * STEP_MS;

let workspace: CommandWorkspace;
let server: KnownServer;
beforeAll(ensureBuilt);
beforeEach(async () => {
  workspace = new CommandWorkspace();
  server = await knownServer();
});
afterEach(async () => {
  await server.close();
  await workspace.close();
});

interface KnownServer {
  readonly url: string;
  /** Answers under way at a time, at most. */
  readonly peak: () => number;
  readonly served: () => number;
  readonly prompts: string[];
  failAfter: number;
  readonly close: () => Promise<void>;
}

async function knownServer(): Promise<KnownServer> {
  let busy = 0;
  let peak = 0;
  let served = 0;
  let seen = 0;
  const waiting: (() => void)[] = [];
  const prompts: string[] = [];
  const state = { failAfter: Number.POSITIVE_INFINITY };
  const http1 = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => void answer(body, response));
  });
  async function answer(body: string, response: http.ServerResponse): Promise<void> {
    prompts.push(body);
    if (++seen > state.failAfter) {
      response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":{"message":"no more room"}}');
      return;
    }
    if (busy >= SLOTS) await new Promise<void>((go) => waiting.push(go));
    else busy += 1;
    peak = Math.max(peak, busy);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const started = performance.now();
    for (let token = 0; token < TOKENS && !response.destroyed; token++) {
      // By the clock, so that a timer that was late makes the next one shorter.
      await delay(Math.max(0, started + FIRST_MS + token * STEP_MS - performance.now()));
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: ' word' } }] })}\n\n`);
    }
    const usage = { prompt_tokens: 30, completion_tokens: TOKENS, total_tokens: 30 + TOKENS };
    response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`);
    response.end(`data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
    served += 1;
    // The place goes to who waits longest.
    const next = waiting.shift();
    if (next) next();
    else busy -= 1;
  }
  await new Promise<void>((done) => http1.listen(0, '127.0.0.1', done));
  const { port } = http1.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    peak: () => peak,
    served: () => served,
    prompts,
    get failAfter() {
      return state.failAfter;
    },
    set failAfter(value: number) {
      state.failAfter = value;
    },
    close: async () => {
      http1.closeAllConnections();
      await new Promise((done) => http1.close(done));
    },
  };
}

const bench = (...args: string[]) => workspace.run(['deploy', 'bench', ...args]);

describe('deploy bench', () => {
  it('finds the known rates and the known knee, keeps them, and compares with them', async () => {
    const ran = await bench(server.url, '--model', 'm', '--concurrency', '1,2,4,8', '--requests', '16', '--json');
    expect(ran.stderr).not.toContain('"error"');
    const test = loadTestResultSchema.parse(JSON.parse(ran.stdout).test);
    expect(test).toMatchObject({ state: 'done', model: 'm' });
    expect(test.knee).toEqual({ concurrency: SLOTS, rising: false });
    // The warm one besides.
    expect(server.served()).toBe(4 * 16 + 1);
    expect(server.peak()).toBe(SLOTS);
    for (const level of test.levels) {
      const places = Math.min(level.concurrency, SLOTS);
      const known = (places * 1000) / SERVICE_MS;
      expect(level).toMatchObject({ requests: 16, errors: 0, answerTokens: 16 * TOKENS, estimated: false });
      // No client can be faster than the server is; a busy machine makes it slower.
      expect(level.requestsPerSecond).toBeLessThanOrEqual(known * 1.01);
      expect(level.requestsPerSecond).toBeGreaterThan(known * 0.7);
      expect(level.tokensPerSecond / level.requestsPerSecond).toBeCloseTo(TOKENS, 6);
      expect(level.gapMs?.p50).toBeGreaterThan(STEP_MS * 0.5);
      expect(level.gapMs?.p50).toBeLessThan(STEP_MS * 2);
    }
    const first = (at: number) => test.levels.find(({ concurrency }) => concurrency === at)?.firstTokenMs?.p50 ?? 0;
    expect(first(1)).toBeGreaterThanOrEqual(FIRST_MS * 0.98);
    // Twice as many as there are places: each waits for a whole answer before its own.
    expect(first(8)).toBeGreaterThan(first(4) + SERVICE_MS * 0.6);

    const list = await bench('--list', '--json');
    expect(JSON.parse(list.stdout).tests.map(({ id }: { id: string }) => id)).toEqual([test.id]);
    const shown = await bench('--show', test.id.slice(-4), '--against', test.id);
    expect(shown.stdout).toContain(`* The knee: more than ${SLOTS} at a time`);
    expect(shown.stdout).toMatch(/1\.00 ×/);
  });

  it('counts what fails, and does not call a level good that fails', async () => {
    server.failAfter = 1 + 8;
    const ran = await bench(server.url, '--model', 'm', '--concurrency', '1,4', '--requests', '8', '--json');
    const test = loadTestResultSchema.parse(JSON.parse(ran.stdout).test);
    expect(test.levels.map(({ errors, firstError }) => [errors, firstError?.includes('no more room') ?? null])).toEqual(
      [
        [0, null],
        [8, true],
      ],
    );
    expect(test.knee).toEqual({ concurrency: 1, rising: false });
  });

  it('says what is wrong before it asks: nothing served, no model, no key', async () => {
    const nothing = await bench('nobody');
    expect(nothing.code).toBe(1);
    expect(nothing.stderr).toContain('Nothing is served as "nobody"');
    expect((await bench(server.url)).code).toBe(2);
    const keyless = await bench(server.url, '--model', 'm', '--key-env', 'NO_SUCH_KEY_HERE');
    expect(keyless.stderr).toContain('The environment has no NO_SUCH_KEY_HERE');
    expect(server.prompts).toEqual([]);
  });
});
