import { spawn } from 'node:child_process';
import net from 'node:net';
import { RagtuiError } from '../platform/errors.ts';
import { sshEnvironment, sshFault, sshOptions } from './ssh.ts';

/** Most that is kept of what ssh says. */
const MAX_SAID = 8192;

/** A port of loopback here that leads to one of loopback on a host. */
export interface Forward {
  readonly port: number;
  /** Nothing leads there any more; what is under way is cut. */
  close(): Promise<void>;
}

/**
 * Makes a port here lead to a port of a host's loopback. Each connection takes a channel of its own through the shared
 * connection (`ssh -W`), which the next one makes anew when it broke: nothing has to be noticed or mended, and our port
 * stays. What speaks HTTP is told why nothing answers (503); what was cut in the middle of an answer is cut here too.
 * Errors: those of listening.
 */
export async function forwardPort(host: string, there: number): Promise<Forward> {
  const open = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    lead(socket, host, there);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new RagtuiError('internal', 'No port of loopback was given.');
  return {
    port: address.port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** One connection there and back. */
function lead(socket: net.Socket, host: string, there: number): void {
  const ssh = spawn('ssh', [...sshOptions(), '-W', `127.0.0.1:${there}`, '--', host], {
    env: { ...process.env, ...sshEnvironment() },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  let began = false;
  ssh.stderr.on('data', (text: Buffer) => {
    if (said.length < MAX_SAID) said += text.toString('utf8');
  });
  // A side that is gone is told by its end, not here.
  for (const stream of [socket, ssh.stdin, ssh.stdout]) stream.on('error', () => {});
  socket.pipe(ssh.stdin);
  ssh.stdout.on('data', () => {
    began = true;
  });
  ssh.stdout.pipe(socket, { end: false });
  socket.on('close', () => ssh.kill('SIGTERM'));
  let over = false;
  const end = (code: number | null) => {
    if (over) return;
    over = true;
    if (code === 0) socket.end();
    else if (began) socket.resetAndDestroy();
    else socket.end(refusal(sshFault(host, { code, stderr: said }).message));
  };
  ssh.once('error', () => end(null));
  // With all that it had read.
  ssh.once('close', end);
}

/** As a server that is not there would say it, so that clients tell it and try again. */
function refusal(message: string): string {
  const body = JSON.stringify({ error: { message, type: 'unreachable', code: 503 } });
  return [
    'HTTP/1.1 503 Service Unavailable',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
