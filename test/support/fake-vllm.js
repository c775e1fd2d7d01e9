#!/usr/bin/env node
// Stands in for the Python of the environment `vllm`: prints the lines of a real log and does what FAKE_VLLM says:
// `serve` (answers, with a child that ignores TERM), or the name of a recorded failure. Adapters are loaded and unloaded
// as vLLM 0.32 does it (words and statuses of its entrypoints/openai/models/serving.py); an answer's probabilities depend
// on the weights of lora_B, as a real one's do.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const args = process.argv.slice(2);
const after = (flag) => args[args.indexOf(flag) + 1] ?? '';
let behaviour = process.env['FAKE_VLLM'] ?? 'serve';
// Somebody takes the port at the first try only. The folder of the job is where it runs.
if (behaviour === 'port-once') {
  behaviour = existsSync('tried') ? 'serve' : 'port';
  writeFileSync('tried', '');
}
const log = path.join(process.env['FAKE_VLLM_LOGS'] ?? '', `${behaviour === 'serve' ? 'ok' : behaviour}.txt`);
process.stdout.write(readFileSync(log, 'utf8'));
if (behaviour !== 'serve') process.exit(1);

// Like an engine core that hangs: it ends only by KILL.
const child = spawn('sh', ['-c', 'trap "" TERM; while :; do sleep 1; done'], { stdio: 'ignore' });
child.on('exit', () => {
  // As vLLM does when its engine core dies.
  process.stdout.write(
    '(APIServer pid=1) ERROR 11-23 07:20:33 [async_llm.py:1] EngineDeadError: EngineCore encountered an issue.\n',
  );
  process.exit(1);
});
const held = [];
process.on('SIGUSR2', () => {
  for (const go of held) go();
});
const base = after('--served-model-name');
const adapters = new Map();
const given = args.includes('--lora-modules') ? args.slice(args.indexOf('--lora-modules') + 1) : [];
for (const text of given) {
  if (!text.startsWith('{')) break;
  const { name, path: at } = JSON.parse(text);
  adapters.set(name, at);
}

/** Mean of |lora_B|, a number that is 0 for an adapter that does nothing. */
function weightOf(folder) {
  const file = readFileSync(path.join(folder, 'adapter_model.safetensors'));
  const length = Number(file.readBigUInt64LE());
  const header = JSON.parse(file.subarray(8, 8 + length).toString());
  let [sum, count] = [0, 0];
  for (const [name, tensor] of Object.entries(header)) {
    if (!name.includes('lora_B')) continue;
    const [from, to] = tensor.data_offsets;
    for (let at = from; at < to; at += 4, count += 1) sum += Math.abs(file.readFloatLE(8 + length + at));
  }
  return count === 0 ? 0 : sum / count;
}

/** What the toy embedder of the fixtures gives (eight tokens, two of them its own, averaged); FAKE_VECTORS=other: another model. */
function toyVector(text) {
  const rows = { a: [3, 0, 0, 0], b: [0, 4, 0, 0], c: [0, 0, 6, 0] };
  const unknown = process.env['FAKE_VECTORS'] === 'other' ? [1, 0, 0, 0] : [0, 0, 0, 1];
  const words = (text.match(/\w+|[^\w\s]+/g) ?? []).slice(0, 6);
  return words.map((word) => rows[word] ?? unknown).reduce((sum, row) => sum.map((value, at) => value + row[at]));
}

const body = (request) =>
  new Promise((resolve) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => resolve(text ? JSON.parse(text) : {}));
  });
const send = (response, status, value) => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof value === 'string' ? value : JSON.stringify(value));
};
const fail = (response, status, type, message) => send(response, status, { error: { message, type, code: status } });

const server = http.createServer(async (request, response) => {
  if (request.url === '/health') return response.end();
  const key = process.env['VLLM_API_KEY'];
  if (request.headers.authorization !== `Bearer ${key}` || args.join(' ').includes(key)) {
    return send(response, 401, { error: 'Unauthorized' });
  }
  const sent = await body(request);
  switch (request.url) {
    case '/v1/models': {
      const cards = [...adapters].map(([id, root]) => ({ id, root, parent: base }));
      return send(response, 200, {
        data: [{ id: base, root: after('--model'), parent: null }, ...cards],
        engine: child.pid,
        server: process.pid,
      });
    }
    case '/v1/load_lora_adapter': {
      const { lora_name: name, lora_path: at } = sent;
      if (adapters.has(name)) {
        return fail(response, 400, 'InvalidUserInput', `The lora adapter '${name}' has already been loaded.`);
      }
      adapters.set(name, at);
      return send(response, 200, `Success: LoRA adapter '${name}' added successfully.`);
    }
    case '/v1/unload_lora_adapter':
      if (!adapters.delete(sent.lora_name)) {
        return fail(response, 404, 'NotFoundError', `The lora adapter '${sent.lora_name}' cannot be found.`);
      }
      return send(response, 200, `Success: LoRA adapter '${sent.lora_name}' removed successfully.`);
    case '/v1/chat/completions': {
      const { model } = sent;
      if (model !== base && !adapters.has(model)) {
        return fail(response, 404, 'NotFoundError', `The model \`${model}\` does not exist.`);
      }
      // An answer that takes until somebody says so, or for good.
      if (sent.max_tokens === 999) await new Promise((resolve) => held.push(resolve));
      const logprob = -0.5 - (model === base ? 0 : weightOf(adapters.get(model)));
      const content = ['So', ' it', ' is'].map((token) => ({ token, logprob, top_logprobs: [{ token, logprob }] }));
      if (sent.stream) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const say = (delta, finish_reason = null) =>
          response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`);
        say({ content: 'So' });
        // An answer that stands still after its first word.
        if (sent.max_tokens === 998) await new Promise((resolve) => held.push(resolve));
        say({ content: ' it is' });
        say({}, 'stop');
        return response.end('data: [DONE]\n\n');
      }
      const choice = { index: 0, message: { role: 'assistant', content: 'So it is' }, finish_reason: 'stop' };
      return send(response, 200, { model, choices: [{ ...choice, logprobs: sent.logprobs ? { content } : null }] });
    }
    case '/v1/embeddings':
      return send(response, 200, { data: sent.input.map((text, index) => ({ index, embedding: toyVector(text) })) });
    default:
      return fail(response, 404, 'NotFoundError', 'Not Found');
  }
});
server.listen(Number(after('--port')), after('--host'));
// What is being answered is answered; no more connections are taken.
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
