import { once } from 'node:events';
import http2 from 'node:http2';
import type { TestCertificate } from './certificates.ts';
import { freePort } from './sshd.ts';

export interface GrpcGateway {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * TLS before a gRPC server that has none, which lets in who brings `authorization` and answers all others as Milvus does:
 * UNAUTHENTICATED (16).
 */
export async function startGrpcGateway(
  target: number,
  { key, cert }: TestCertificate,
  authorization: string,
): Promise<GrpcGateway> {
  const inner = http2.connect(`http://127.0.0.1:${target}`);
  const server = http2.createSecureServer({ key, cert });
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    if (headers['authorization'] !== authorization) {
      const refusal = { 'grpc-status': '16', 'grpc-message': 'auth check failure, please check username and password' };
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...refusal }, { endStream: true });
      return;
    }
    const onward = Object.fromEntries(Object.entries(headers).filter(([name]) => name !== ':authority'));
    const call = inner.request(onward);
    stream.pipe(call);
    call.on('response', (answer) => stream.respond(answer, { waitForTrailers: true }));
    call.on('trailers', (trailers) => stream.on('wantTrailers', () => stream.sendTrailers(trailers)));
    call.on('error', () => stream.close());
    call.pipe(stream);
  });
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port,
    async close() {
      inner.destroy();
      for (const session of sessions) session.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
