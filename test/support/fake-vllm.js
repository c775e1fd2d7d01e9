#!/usr/bin/env node
// Stands in for the Python of the environment `vllm`: prints the lines of a real log and does what FAKE_VLLM says:
// `serve` (answers /health and /v1/models, with a child that ignores TERM), or the name of a recorded failure.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const args = process.argv.slice(2);
const after = (flag) => args[args.indexOf(flag) + 1] ?? '';
const behaviour = process.env['FAKE_VLLM'] ?? 'serve';
const log = path.join(process.env['FAKE_VLLM_LOGS'] ?? '', `${behaviour === 'serve' ? 'ok' : behaviour}.txt`);
process.stdout.write(readFileSync(log, 'utf8'));
if (behaviour !== 'serve') process.exit(1);

// Like an engine core that hangs: it ends only by KILL.
const child = spawn('sh', ['-c', 'trap "" TERM; while :; do sleep 1; done'], { stdio: 'ignore' });
const adapters = args.includes('--lora-modules')
  ? args.slice(args.indexOf('--lora-modules') + 1).map((text) => JSON.parse(text).name)
  : [];
const names = [after('--served-model-name'), ...adapters];
const server = http.createServer((request, response) => {
  if (request.url === '/health') return response.end();
  const key = process.env['VLLM_API_KEY'];
  if (request.headers.authorization !== `Bearer ${key}` || args.join(' ').includes(key)) {
    response.statusCode = 401;
    return response.end();
  }
  return response.end(JSON.stringify({ data: names.map((id) => ({ id })), engine: child.pid }));
});
server.listen(Number(after('--port')), after('--host'));
process.on('SIGTERM', () => process.exit(0));
