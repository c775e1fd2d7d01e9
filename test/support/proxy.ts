import http from 'node:http';
import net from 'node:net';

export interface FakeProxy {
  readonly url: string;
  /** `CONNECT host:port`, or `GET http://host/path` of what was forwarded. */
  readonly seen: readonly string[];
  /** `proxy-authorization` headers, in order. */
  readonly credentials: readonly (string | undefined)[];
  close(): Promise<void>;
}

export interface FakeProxyOptions {
  /** `Basic …` that is wanted, else 407. */
  readonly wants?: string;
  /** Where every host really is: names that no resolver knows can be used. */
  readonly leadsTo?: string;
}

/** An HTTP proxy on loopback: CONNECT tunnels, and forwards plain requests. */
export async function fakeProxy(options: FakeProxyOptions = {}): Promise<FakeProxy> {
  const seen: string[] = [];
  const credentials: (string | undefined)[] = [];
  const refuses = (given: string | undefined): boolean => {
    credentials.push(given);
    return options.wants !== undefined && given !== options.wants;
  };
  const server = http.createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (refuses(request.headers['proxy-authorization'])) {
      response.writeHead(407).end();
      return;
    }
    const target = new URL(request.url ?? '');
    const onward = http.request(
      {
        host: options.leadsTo ?? target.hostname,
        port: target.port,
        path: target.pathname + target.search,
        method: request.method,
        headers: request.headers,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    request.pipe(onward);
  });
  const sockets = new Set<net.Socket>();
  server.on('connect', (request, socket: net.Socket) => {
    seen.push(`CONNECT ${request.url}`);
    if (refuses(request.headers['proxy-authorization'])) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const [host = '', port = '443'] = (request.url ?? '').split(':');
    const onward = net.connect(Number(port), options.leadsTo ?? host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket);
      socket.pipe(onward);
    });
    for (const one of [socket, onward]) {
      sockets.add(one);
      one.on('error', () => one.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    credentials,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
